use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{CLUSTER_SPEC, NODE_POOL_SPEC, SpecSchemas, Violation, schemas, violations};

fn violation(path: &str, message: &str, constraint: Option<&'static str>) -> Violation {
    Violation { path: path.to_owned(), message: message.to_owned(), constraint }
}

#[test]
fn built_in_schemas_accept_every_object_and_nothing_else() {
    let schemas = SpecSchemas::built_in();
    for name in [CLUSTER_SPEC, NODE_POOL_SPEC] {
        assert!(schemas.validate(name, &json!({ "any": ["thing", { "x": null }] })).is_ok());
        let refused = schemas.validate(name, &json!([])).expect_err("an array");
        assert_eq!(refused, [violation("spec", "must be an object, not array", Some("type"))]);
    }
}

#[test]
fn every_violation_is_named_with_its_path() {
    let schemas = schemas(json!({
        "type": "object",
        "required": ["region", "nodes"],
        "additionalProperties": false,
        "properties": {
            "region": { "type": "string" },
            "nodes": { "type": "integer", "minimum": 1, "maximum": 10 },
            "size": { "type": "string", "enum": ["small", "large"] },
            "name": { "type": "string", "minLength": 3, "maxLength": 5, "pattern": "^[a-z]*$" },
            "zones": { "type": "array", "minItems": 2, "uniqueItems": true, "items": { "$ref": "#/components/schemas/ClusterSpec/properties/name" } },
            "host.name": { "type": "boolean" }
        }
    }));
    let spec = json!({
        "nodes": 11, "size": "huge", "name": "TOOLONG", "zones": ["a", "a"], "host.name": 1, "colour": "red", "2": 1
    });
    let mut found = violations(&schemas, &spec);
    found.sort_by(|a, b| (&a.path, &a.message).cmp(&(&b.path, &b.message)));
    let expected = [
        violation("spec.2", "is not allowed here", None),
        violation("spec.colour", "is not allowed here", None),
        violation("spec.name", "must have at most 5 characters", Some("max_length")),
        violation("spec.name", "must match the pattern ^[a-z]*$", Some("pattern")),
        violation("spec.nodes", "must be at most 10", Some("max")),
        violation("spec.region", "is required", Some("required")),
        violation("spec.size", "must be one of \"small\", \"large\"", Some("enum")),
        violation("spec.zones", "must not hold the same item twice", Some("unique")),
        violation("spec.zones[0]", "must have at least 3 characters", Some("min_length")),
        violation("spec.zones[1]", "must have at least 3 characters", Some("min_length")),
        violation("spec[\"host.name\"]", "must be of type boolean, not integer", Some("type")),
    ];
    assert_eq!(found, expected);
}

#[test]
fn names_that_look_like_indices_or_are_odd() {
    let schemas =
        schemas(json!({ "additionalProperties": { "additionalProperties": { "type": "string" } } }));
    let table = [
        (json!({ "2": { "007": 1 } }), "spec.2.007"),
        (json!({ "a/b": { "~": 1 } }), "spec[\"a/b\"][\"~\"]"),
        (json!({ "": { "x": 1 } }), "spec[\"\"].x"),
        (json!({ "a\nb": { "x": 1 } }), "spec[\"a\\nb\"].x"),
    ];
    for (spec, path) in table {
        let found = violations(&schemas, &spec);
        assert!(found.len() == 1 && found[0].path == path, "{spec}: {found:?}");
    }
}

#[test]
fn the_alternative_that_was_meant_is_explained() {
    let schemas = schemas(json!({
        "properties": {
            "platform": {
                "oneOf": [
                    { "type": "object", "required": ["type", "project"], "properties": { "type": { "enum": ["gcp"] } } },
                    { "type": "object", "required": ["type", "account"], "properties": { "type": { "enum": ["aws"] } } }
                ]
            },
            "size": { "anyOf": [{ "type": "string", "minLength": 2 }, { "type": "integer", "minimum": 2 }] },
            "any": { "anyOf": [{ "required": ["a"] }, { "required": ["b"] }] }
        }
    }));
    let table = [
        (
            json!({ "platform": { "type": "aws" } }),
            violation("spec.platform.account", "is required", Some("required")),
        ),
        (json!({ "size": 1 }), violation("spec.size", "must be at least 2", Some("min"))),
        (
            json!({ "size": "x" }),
            violation("spec.size", "must have at least 2 characters", Some("min_length")),
        ),
        (
            json!({ "size": true }),
            violation("spec.size", "must match one of 2 alternatives and matches none", None),
        ),
        (
            json!({ "any": {} }),
            violation("spec.any", "must match one of 2 alternatives and matches none", None),
        ),
    ];
    for (spec, expected) in table {
        assert_eq!(violations(&schemas, &spec), [expected], "{spec}");
    }
}

#[test]
fn neither_the_number_nor_the_length_of_violations_grows_with_the_value() {
    let long = "x".repeat(100_000);
    let schemas = schemas(json!({
        "properties": {
            "list": { "type": "array", "items": { "type": "string" } },
            "word": { "type": "string", "maxLength": 3, "pattern": "^a", "format": "uuid", "enum": ["a"] },
            "not": { "not": { "type": "string" } },
            "one": { "oneOf": [{ "type": "string" }, { "minLength": 1 }] },
            "closed": { "type": "object", "additionalProperties": false }
        }
    }));
    let many: Vec<Value> = (0..50_000).map(Value::from).collect();
    assert_eq!(violations(&schemas, &json!({ "list": many })).len(), 100);
    let closed: Value = (0..5_000)
        .map(|i| (format!("{i}{long:.300}"), Value::Null))
        .collect::<serde_json::Map<_, _>>()
        .into();
    for spec in [json!({ "word": long, "not": long, "one": long }), json!({ "closed": closed })] {
        let found = violations(&schemas, &spec);
        assert!(!found.is_empty() && found.len() <= 100);
        for violation in found {
            assert!(
                violation.message.chars().count() < 200 && violation.path.chars().count() < 200,
                "{violation:?}"
            );
        }
    }
}

#[test]
fn no_pattern_makes_a_check_hang() {
    let schemas =
        schemas(json!({ "properties": { "a": { "pattern": "^(a+)+$" }, "b": { "pattern": "(x|x?)*y" } } }));
    let started = Instant::now();
    let spec = json!({ "a": format!("{}!", "a".repeat(200_000)), "b": "x".repeat(200_000) });
    assert_eq!(violations(&schemas, &spec).len(), 2);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}
