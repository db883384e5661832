//! No schema and no value makes a check slow.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::{CLUSTER_SPEC, accepts, loaded, schemas, violations};
use crate::error::FieldError;

/// The maximum duration of a check. It is far more than a check takes on an idle machine, to allow for a busy one.
const LIMIT: Duration = Duration::from_secs(2);

/// Returns a reference to the component `s<number>`.
fn component(number: usize) -> Value {
    json!({ "$ref": format!("#/components/schemas/s{number}") })
}

/// Returns components `s0` … `s<length>`, each made from a reference to the next.
fn chain(length: usize, last: Value, link: impl Fn(Value) -> Value) -> Value {
    let mut others: Map<String, Value> =
        (0..length).map(|number| (format!("s{number}"), link(component(number + 1)))).collect();
    others.insert(format!("s{length}"), last);
    Value::Object(others)
}

/// Returns `{"a": {"a": … }}` with `k` at every level.
fn nested(depth: usize, innermost: Value) -> Value {
    (0..depth).fold(innermost, |inner, _| json!({ "k": 1, "a": inner }))
}

/// Returns an object of `members` members, each with the value `value`.
fn object(members: usize, value: &Value) -> Value {
    (0..members).map(|number| (format!("key{number}"), value.clone())).collect::<Map<_, _>>().into()
}

/// Returns a text of `a` and `b` without a regular pattern.
fn restless(length: u64) -> String {
    let letter =
        |i: u64| if (i.wrapping_mul(i).wrapping_mul(2_654_435_761) >> 13) & 1 == 0 { 'a' } else { 'b' };
    (0..length).map(letter).collect()
}

/// Returns the violations of `spec`, and asserts that they are found within the limit.
fn found(name: &str, version: &str, schema: Value, others: Value, spec: &Value) -> Vec<FieldError> {
    let schemas = loaded(version, schema, others).expect(name);
    let started = Instant::now();
    let found = violations(&schemas, spec);
    assert!(started.elapsed() < LIMIT, "{name}: {:?}", started.elapsed());
    assert!(found.iter().all(|violation| violation.constraint.is_some()), "{name}: {found:?}");
    found
}

#[test]
fn recursion_through_alternatives_is_decided_at_any_depth() {
    let with = |property: &str| json!({ "type": "object", "required": [property], "properties": { "a": component(0) } });
    let (k, z) = (with("k"), with("z"));
    let table = [
        ("oneOf", json!({ "oneOf": [k, z] })),
        ("anyOf", json!({ "anyOf": [z, k] })),
        ("allOf", json!({ "allOf": [k, k, k] })),
        ("mixed", json!({ "oneOf": [{ "allOf": [k, k] }, { "anyOf": [z, z] }, { "not": { "not": z } }] })),
        ("many", json!({ "oneOf": [z, z, z, k, z, z, z, z] })),
    ];
    for (name, schema) in table {
        for depth in [3, 30, 60] {
            let others = || json!({ "s0": schema });
            let good = nested(depth, json!({ "k": 1 }));
            assert_eq!(found(name, "3.0.3", component(0), others(), &good), [], "{name} at {depth}");
            for innermost in [json!({}), json!(5)] {
                let bad = nested(depth, innermost);
                assert_ne!(found(name, "3.0.3", component(0), others(), &bad), [], "{name} at {depth}");
            }
        }
    }
}

#[test]
fn what_takes_too_long_is_refused() {
    let object_type = json!({ "type": "object" });
    let twice = |keyword: &str, next: &Value| json!({ keyword: [{ "properties": { "a": next } }, { "properties": { "a": next } }] });
    let again = |next: &Value| {
        let down = json!({ "properties": { "a": next } });
        json!({ "if": down, "then": down, "else": down })
    };
    // No definition refers to itself, so no earlier result is cached.
    let table = [
        ("both", chain(40, object_type.clone(), |next| twice("allOf", &next)), json!({})),
        ("either", chain(40, object_type.clone(), |next| twice("anyOf", &next)), json!(1)),
        ("one", chain(40, object_type.clone(), |next| twice("oneOf", &next)), json!({})),
        ("if", chain(40, object_type, |next| again(&next)), json!(1)),
    ];
    for (name, others, innermost) in table {
        let found = found(name, "3.1.0", component(0), others, &nested(40, innermost));
        let message = "spec is too large and too deeply nested to be checked";
        assert_eq!(found, [FieldError::new("spec", message).constraint("max")], "{name}");
    }
}

#[test]
fn schemas_that_apply_too_often_to_one_value_are_refused() {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let others = chain(11, json!({}), |next| json!({ keyword: [next, next, next, next] }));
        let error = loaded("3.0.3", component(0), others).expect_err("more than a million schemas");
        assert!(error.to_string().contains("more than 10000 schemas apply to one value"), "{error}");
    }
}

#[test]
fn large_values_and_schemas_are_bounded() {
    let items = |schema: Value| json!({ "properties": { "a": { "items": schema } } });
    let list = |length: usize, item: Value| json!({ "a": vec![item; length] });
    let words: Vec<String> = (0..5_000).map(|number| format!("word{number}")).collect();
    let required: Vec<Value> = (0..200).map(|number| json!({ "required": [format!("r{number}")] })).collect();
    let numbers: Value = (0..20_000).collect();
    let arrays =
        (0..60).fold(numbers, |inner, _| (0..20).map(|number| json!([number])).chain([inner]).collect());
    let unique = json!({ "s0": { "uniqueItems": true, "items": component(0) } });
    let text = json!("text");
    let table = [
        ("enum", items(json!({ "enum": words })), json!({}), list(50_000, json!("x"))),
        ("errors", items(json!({ "type": "string" })), json!({}), list(120_000, json!(7))),
        ("several errors", items(json!({ "enum": ["x"], "minimum": 9 })), json!({}), list(120_000, json!(7))),
        ("closed", json!({ "additionalProperties": false }), json!({}), object(12_000, &text)),
        (
            "copies",
            json!({ "anyOf": [{ "allOf": required }, { "required": ["z"] }] }),
            json!({}),
            object(12_000, &text),
        ),
        (
            "copies of items",
            items(json!({ "anyOf": [{ "required": ["x"] }, { "required": ["y"] }] })),
            json!({}),
            list(100, object(100, &text)),
        ),
        ("unique", json!({ "properties": { "a": component(0) } }), unique, json!({ "a": arrays })),
        (
            "contains",
            items(json!({ "contains": { "const": 1 } })),
            json!({}),
            list(500, json!([2; 200].to_vec())),
        ),
    ];
    for (name, schema, others, spec) in table {
        assert_ne!(found(name, "3.1.0", schema, others, &spec), [], "{name}");
    }
}

#[test]
fn no_pattern_makes_a_check_hang() {
    let schemas =
        schemas(json!({ "properties": { "a": { "pattern": "^(a+)+$" }, "b": { "pattern": "(x|x?)*y" } } }));
    let started = Instant::now();
    let spec = json!({ "a": format!("{}!", "a".repeat(120_000)), "b": "x".repeat(120_000) });
    assert_eq!(violations(&schemas, &spec).len(), 2);
    assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());

    // The time is linear in the text, but also in the repetitions that the pattern counts.
    for pattern in ["^(a|b){1,1000}{1,20}!", "a[ab]{500}!", "a.{500}!"] {
        for text in [restless(250_000), "ab".repeat(120_000)] {
            let spec = json!({ "a": text });
            let schema = json!({ "properties": { "a": { "pattern": pattern } } });
            assert_ne!(found(pattern, "3.0.3", schema, json!({}), &spec), [], "{pattern}");
            let named = json!({ "patternProperties": { pattern: { "type": "string" } } });
            let spec = json!({ text: 1 });
            assert_ne!(found(pattern, "3.1.0", named, json!({}), &spec), [], "{pattern}");
        }
    }
}

#[test]
fn ordinary_patterns_take_ordinary_texts() {
    let label = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
    let table = [
        (format!("^{label}(\\.{label})*$"), "node-1.cluster-a.example.com".to_owned(), 2_000),
        ("^[\\p{L} ]{1,64}$".to_owned(), "Königsberg Öst 東京".repeat(3), 500),
        ("^[a-z-]{1,1024}$".to_owned(), "a-name-of-no-great-length".to_owned(), 5_000),
        ("^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==)?$".to_owned(), "QUJD".repeat(50_000), 1),
    ];
    for (pattern, text, times) in table {
        let list = json!({ "type": "array", "items": { "type": "string", "pattern": pattern } });
        assert!(accepts(&list, &json!(vec![text; times])), "{pattern}");
    }
}

#[test]
fn a_large_spec_is_described_in_full() {
    let pool = json!({
        "type": "object",
        "required": ["name", "size"],
        "additionalProperties": false,
        "properties": {
            "name": { "type": "string", "minLength": 1, "maxLength": 63, "pattern": "^[a-z0-9-]+$" },
            "size": { "type": "integer", "minimum": 0, "maximum": 1000 },
            "disk": { "oneOf": [{ "type": "string" }, { "type": "object", "required": ["gib"] }] }
        }
    });
    let schemas = schemas(json!({ "properties": { "pools": { "type": "array", "items": pool } } }));
    let mut pools = vec![json!({ "name": "pool", "size": 3, "disk": { "gib": 100 } }); 1_000];
    assert!(schemas.check(CLUSTER_SPEC, &json!({ "pools": pools })).is_ok());
    pools[17] = json!({ "name": "Pool", "disk": {} });
    pools[900] = json!({ "name": "pool", "size": 1001, "colour": "red" });
    assert_eq!(violations(&schemas, &json!({ "pools": pools })).len(), 5);
}

#[test]
fn a_spec_is_at_most_256_kib() {
    let schemas = schemas(json!({}));
    let of_size = |bytes: usize| json!({ "a": "x".repeat(bytes - r#"{"a":""}"#.len()) });
    assert!(schemas.check(CLUSTER_SPEC, &of_size(262_144)).is_ok());
    let message = "spec must be at most 262144 bytes";
    let expected = FieldError::new("spec", message).constraint("max_length");
    assert_eq!(violations(&schemas, &of_size(262_145)), [expected]);
}
