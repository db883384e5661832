//! Refused texts: the position of the error, and what was expected.

use super::filter;
use super::parse;

/// Returns the error of a refused text, as clients see it.
#[track_caller]
fn refusal(text: &str) -> String {
    match parse(text) {
        Ok(filter) => panic!("`{text}` is taken for {filter:?}"),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    assert_eq!(refusal(text), expected, "`{text}`");
}

#[test]
fn a_comparison_begins_with_a_field() {
    let field = "expected a field, `not` or `(`, found";
    refused("", &format!("at character 1: {field} the end of the text"));
    refused("true", &format!("at character 1: {field} `true`"));
    refused("'a' = name", &format!("at character 1: {field} `'a'`"));
    refused("()", &format!("at character 2: {field} `)`"));
    refused("name = 'a' and", &format!("at character 15: {field} the end of the text"));
    refused("name = 'a' or and", &format!("at character 15: {field} `and`"));
}

#[test]
fn an_operator_follows_the_field() {
    let operator = "expected a comparison operator, found";
    refused("name", &format!("at character 5: {operator} the end of the text"));
    refused("name and kind='a'", &format!("at character 6: {operator} `and`"));
    refused("name not = 'a'", "at character 10: expected `in`, `like`, `ilike` or `between`, found `=`");
    refused("name is 'a'", "at character 9: expected `null` or `not null`, found `'a'`");
    refused("name is not true", "at character 13: expected `null`, found `true`");
    refused("generation between 1, 2", "at character 21: expected `and`, found `,`");
}

#[test]
fn a_literal_follows_the_operator() {
    let literal = "expected a quoted string, a number, `true` or `false`, found";
    refused("name =", &format!("at character 7: {literal} the end of the text"));
    refused("name = a", &format!("at character 8: {literal} `a`"));
    refused("name = = 'a'", &format!("at character 8: {literal} `=`"));
    refused("name = null", "at character 8: expected a literal, found `null`: write `is null`");
}

#[test]
fn an_expression_ends_where_it_should() {
    let end = "expected `and`, `or` or the end of the text, found";
    refused("name = 'a' 'b'", &format!("at character 12: {end} `'b'`"));
    refused("name = 'a')", &format!("at character 11: {end} `)`"));
    refused("(name = 'a'", "at character 12: expected `and`, `or` or `)`, found the end of the text");
    refused("(name = 'a']", "at character 12: expected `and`, `or` or `)`, found `]`");
}

#[test]
fn what_is_no_token_is_refused() {
    let token = "expected a field, an operator, a literal or a bracket, found";
    refused("name ~ 'a'", &format!("at character 6: {token} `~`"));
    refused("name='a' ; drop", &format!("at character 10: {token} `;`"));
    refused("name = 'ü' and ü = 1", &format!("at character 16: {token} `ü`"));
    let closing =
        |quote| format!("at character 8: expected a closing {quote} for the string that begins here");
    refused("name = 'abc", &closing('\''));
    refused("name = \"abc'", &closing('"'));
    refused("name = 'a\0'", "at character 10: a string cannot hold the character NUL");
}

#[test]
fn lists_hold_at_least_one_value() {
    let literal = "expected a quoted string, a number, `true` or `false`, found";
    refused("name in ()", &format!("at character 10: {literal} `)`"));
    refused("name in []", &format!("at character 10: {literal} `]`"));
    refused("name in (,)", &format!("at character 10: {literal} `,`"));
    refused("name in ('a' 'b')", "at character 14: expected `,` or `)`, found `'b'`");
    refused("name in ('a']", "at character 13: expected `,` or `)`, found `]`");
    refused("name in ['a')", "at character 13: expected `,` or `]`, found `)`");
    refused("name in 'a'", "at character 9: expected a list in `[ ]` or `( )`, found `'a'`");
}

#[test]
fn unknown_fields_are_refused() {
    let message = refusal("generation = 1 and nam = 'a'");
    assert!(message.starts_with("at character 20: expected a field (id, name, kind, href,"), "{message}");
    assert!(message.ends_with("status.conditions.<Type>), found `nam`"), "{message}");
    for field in
        ["Name", "spec", "labels", "status", "status.conditions", "metadata.name", "revision", "statusphase"]
    {
        assert!(refusal(&format!("{field} = 'a'")).ends_with(&format!("found `{field}`")), "{field}");
    }
    let long = refusal(&format!("{} = 1", "a".repeat(100)));
    assert!(long.ends_with(&format!("found `{}…`", "a".repeat(40))), "{long}");
    refused("labels. = 'a'", "at character 8: expected the key of a label after `labels.`");
    let keys = "expected keys of letters, digits, `_` and `-` with a dot between them after `spec.`";
    refused("spec.a..b = 1", &format!("at character 8: {keys}, found `a..b`"));
    refused("spec.a.b.c/d = 1", &format!("at character 10: {keys}, found `a.b.c/d`"));
    refused("spec.a/b = 1", &format!("at character 6: {keys}, found `a/b`"));
    refused(
        &format!("spec{} = 1", ".a".repeat(65)),
        "at character 134: expected at most 64 keys after `spec.`",
    );
    filter(&format!("spec{} = 1", ".a".repeat(64)));
}

#[test]
fn conditions_are_named_in_pascal_case() {
    let name = "expected a condition type in PascalCase (like Reconciled) after `status.conditions.`";
    for bad in ["reconciled", "9Lives", "My_Type", "My-Type", ""] {
        refused(
            &format!("status.conditions.{bad} = 'True'"),
            &format!("at character 19: {name}, found `{bad}`"),
        );
    }
    let members = "expected `last_updated_time`, `last_transition_time`, `observed_generation` or `reason`";
    refused("status.conditions.Ready.message = 'a'", &format!("at character 25: {members}, found `message`"));
    refused(
        "status.conditions.Ready.reason.a = 'a'",
        &format!("at character 25: {members}, found `reason.a`"),
    );
}

#[test]
fn literals_must_have_the_type_of_their_field() {
    refused("name = 5", "at character 8: expected a quoted string, found `5`");
    refused("name = true", "at character 8: expected a quoted string, found `true`");
    refused("labels.a in ('a', 5)", "at character 19: expected a quoted string, found `5`");
    refused("name like 5", "at character 11: expected a quoted string, found `5`");
    refused("name between 'a' and 5", "at character 22: expected a quoted string, found `5`");
    for bad in ["'5'", "1.5", "5.0", "1e3", "9223372036854775808", "true"] {
        let message = format!("at character 14: expected an integer of at most 64 bits, found `{bad}`");
        refused(&format!("generation = {bad}"), &message);
    }
    refused(
        "generation between 1 and 'b'",
        "at character 26: expected an integer of at most 64 bits, found `'b'`",
    );
    refused(
        "not generation = 'abc'",
        "at character 18: expected an integer of at most 64 bits, found `'abc'`",
    );
    for bad in ["'2026-11-22'", "'2020-13-45T00:00:00Z'", "'soon'", "5"] {
        let name = "expected a quoted RFC 3339 time (like '2026-01-31T12:00:00Z')";
        refused(&format!("created_time > {bad}"), &format!("at character 16: {name}, found `{bad}`"));
    }
    refused(
        "generation like '1%'",
        "at character 12: `generation` is not a text field: expected a comparison, found `like`",
    );
    refused(
        "created_time not ilike 'a'",
        "at character 14: `created_time` is not a text field: expected a comparison, found `like`",
    );
}

#[test]
fn a_phase_and_the_status_of_a_condition_have_three_values() {
    refused(
        "status.phase='ready'",
        "at character 14: expected one of 'NotReady', 'Ready', 'Failed', found `'ready'`",
    );
    let values = "expected one of 'True', 'False', 'Unknown'";
    refused("status.conditions.Ready = 'true'", &format!("at character 27: {values}, found `'true'`"));
    refused("status.conditions.Reconciled != ''", &format!("at character 33: {values}, found `''`"));
    refused("status.conditions.Ready in ('True', 'No')", &format!("at character 37: {values}, found `'No'`"));
    refused("status.conditions.Ready = true", &format!("at character 27: {values}, found `true`"));
}

#[test]
fn spec_compares_with_one_type_at_a_time() {
    refused("spec.a in ('a', 5)", "at character 17: expected a quoted string, found `5`");
    refused("spec.a in (5, 'a')", "at character 15: expected a number, found `'a'`");
    refused("spec.a in (true, 1)", "at character 18: expected `true` or `false`, found `1`");
    refused("spec.a between 1 and '2'", "at character 22: expected a number, found `'2'`");
    refused("spec.a < true", "at character 10: expected a string or a number to order by, found `true`");
    refused(
        "spec.a between false and true",
        "at character 16: expected a string or a number to order by, found `false`",
    );
    refused(
        "spec.a = 1e999",
        "at character 10: expected a number within the range of a double, found `1e999`",
    );
}

#[test]
fn a_pattern_does_not_end_in_an_escape() {
    let message = "expected a character after the last `\\` of the pattern";
    refused(r"name like 'a\\'", &format!(r"at character 11: {message}, found `'a\\'`"));
    filter(r"name like 'a\\\\'");
    filter(r"name like '50\%'");
}

#[test]
fn limits_hold() {
    let text = |length: usize| format!("name = '{}'", "a".repeat(length - 9));
    filter(&text(4096));
    refused(&text(4097), "at character 4097: the text may have at most 4096 bytes, it has 4097");

    let nested = |levels: usize| format!("{}name='a'{}", "(".repeat(levels), ")".repeat(levels));
    filter(&nested(32));
    refused(&nested(33), "at character 33: expected at most 32 levels of `(` and `not`");
    refused(&"(".repeat(4096), "at character 33: expected at most 32 levels of `(` and `not`");
    filter(&format!("{}name='a'", "not ".repeat(32)));
    refused(
        &format!("{}name='a'", "not ".repeat(33)),
        "at character 129: expected at most 32 levels of `(` and `not`",
    );
    filter(&["(not (name='a'))"; 64].join(" and "));

    let comparisons = |count: usize| vec!["name='a'"; count].join(" or ");
    filter(&comparisons(64));
    refused(&comparisons(65), "at character 769: expected at most 64 comparisons");

    let list = |count: usize| vec!["1"; count].join(",");
    filter(&format!("generation in ({})", list(500)));
    refused(&format!("generation in ({})", list(501)), "at character 1016: expected at most 500 list values");
    let two = format!("generation in ({}) or generation in ({})", list(300), list(201));
    assert!(refusal(&two).ends_with("expected at most 500 list values"));
}
