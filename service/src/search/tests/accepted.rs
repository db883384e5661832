//! Accepted texts, and how they are parsed.

use super::{filter, same};

#[test]
fn comparison_binds_tighter_than_not_then_and_then_or() {
    same("not name='a' and name='b'", "(not (name='a')) and (name='b')");
    same("name='a' or name='b' and name='c'", "(name='a') or ((name='b') and (name='c'))");
    same("name='a' and name='b' or name='c'", "((name='a') and (name='b')) or (name='c')");
    same("not name='a' or name='b'", "(not name='a') or name='b'");
    same("generation between 1 and 2 and name='a'", "(generation between 1 and 2) and (name='a')");
}

#[test]
fn operators_have_synonyms() {
    same("name = 'a'", "name == 'a'");
    same("name != 'a'", "name <> 'a'");
    same("name in ('a','b')", "name in ['a','b']");
    same("name in ('a','b',)", "name in ('a','b')");
    same("name in ['a']", "name = 'a'");
    same(r#"name = "it's""#, "name = 'it''s'");
    same(r"name = 'it\'s'", "name = 'it''s'");
}

#[test]
fn keywords_are_read_in_any_case_and_blanks_do_not_count() {
    same("NOT name IN ('a') AND name IS NOT NULL", "not name in('a')and name is not null");
    same("  name\t=\n'a'  ", "name='a'");
    same("name LIKE 'a' Or name ILIKE 'b'", "name like 'a' or name ilike 'b'");
    same("spec.a = TRUE", "spec.a = true");
}

#[test]
fn negated_operators_are_the_negations_of_their_positive_forms() {
    same("name != 'a'", "not name = 'a'");
    same("name not in ('a','b')", "not name in ('a','b')");
    same("name not like 'a%'", "not name like 'a%'");
    same("name not ilike 'a%'", "not name ilike 'a%'");
    same("generation not between 1 and 2", "not generation between 1 and 2");
    same("deleted_time is not null", "not deleted_time is null");
}

#[test]
fn not_is_pushed_down_to_the_comparisons() {
    same("not not name='a'", "name='a'");
    same("not (name='a' and name='b')", "name!='a' or name!='b'");
    same("not (name='a' or name='b')", "name!='a' and name!='b'");
    same("not (name='a' and (name='b' or not name='c'))", "name!='a' or (name!='b' and name='c')");
}

/// Parses each predicate with each of the fields.
fn all_understood(fields: &[&str], questions: &[&str]) {
    for field in fields {
        for question in questions {
            filter(&format!("{field} {question}"));
        }
    }
}

#[test]
fn texts_take_every_operator() {
    let fields = ["id", "name", "kind", "href", "created_by", "updated_by", "deleted_by", "owner_id"];
    let questions =
        ["= 'a'", "< 'a'", "in ['a', 'b']", "like 'a%'", "not ilike '_'", "between 'a' and 'b'", "is null"];
    all_understood(&fields, &questions);
    let fields = ["labels.a", "status.conditions.DnsSuccessful.reason", "spec.a.b-c.d_e"];
    all_understood(&fields, &questions);
    all_understood(&["status.phase"], &["= 'Ready'", "< 'a'", "not in ['NotReady']", "like 'a%'", "is null"]);
}

#[test]
fn integers_take_comparisons() {
    let fields = ["generation", "status.observed_generation", "status.conditions.A.observed_generation"];
    let questions =
        ["= 1", "!= -1", "<= 9223372036854775807", "in (1, 2)", "not between 1 and 2", "is not null"];
    all_understood(&fields, &questions);
}

#[test]
fn times_take_comparisons_with_quoted_times() {
    let questions = ["= '2026-01-31T12:00:00Z'", "< '2026-01-31T12:00:00.123456789+02:00'", "is null"];
    all_understood(&["created_time", "updated_time", "deleted_time"], &questions);
    all_understood(&["status.last_updated_time", "status.last_transition_time"], &questions);
    for condition in ["Reconciled", "LastKnownReconciled", "A1"] {
        for time in ["last_updated_time", "last_transition_time"] {
            all_understood(&[&format!("status.conditions.{condition}.{time}")], &questions);
        }
    }
}

#[test]
fn label_keys_may_hold_letters_digits_and_four_signs() {
    for key in ["a", "A9", "my-key", "app.kubernetes.io/name", "example.com/a_b.c-d", "1st", "-", "null"] {
        filter(&format!("labels.{key} = 'x'"));
    }
}

#[test]
fn a_condition_status_takes_text_operators() {
    for rest in [
        "= 'True'",
        "!= 'False'",
        "in ['True', 'Unknown']",
        "not in ('False')",
        "like 'T%'",
        "not ilike 'unk%'",
        "between 'A' and 'M'",
        "> 'anything'",
        "is null",
    ] {
        filter(&format!("status.conditions.Reconciled {rest}"));
        filter(&format!("status.conditions.DnsSuccessful {rest}"));
    }
}

#[test]
fn the_literal_decides_the_type_in_spec() {
    for literal in ["'a'", "5", "-1.5", "1e3", "99999999999999999999", "true", "False"] {
        filter(&format!("spec.a.b = {literal}"));
        filter(&format!("spec.a.b not in [{literal}]"));
    }
    same("spec.a = 1.0", "spec.a = 1.00");
    same("spec.a = 0.1e1", "spec.a = 1.0");
    same("spec.a = 007", "spec.a = 7");
}

#[test]
fn what_the_sentinel_sends_is_understood() {
    filter("labels.a='x' and labels.b='y'");
    filter("labels.a='it''s'");
    filter("labels.non_existing_label='value'");
}
