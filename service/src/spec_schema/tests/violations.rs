use serde_json::{Value, json};

use super::super::document::Document;
use super::super::schema::Schema;
use super::{CLUSTER_SPEC, NODE_POOL_SPEC, SpecSchemas, document, loaded, schemas, violations};
use crate::error::FieldError;

/// Returns a violation whose message is the path followed by `message`.
fn violation(path: &str, message: &str, constraint: &'static str) -> FieldError {
    FieldError::new(path, format!("{path} {message}")).constraint(constraint)
}

#[test]
fn built_in_schemas_accept_every_object_and_nothing_else() {
    let schemas = SpecSchemas::built_in();
    for name in [CLUSTER_SPEC, NODE_POOL_SPEC] {
        assert!(schemas.check(name, &json!({ "any": ["thing", { "x": null }] })).is_ok());
        let refused = schemas.check(name, &json!([])).expect_err("an array");
        assert_eq!(refused, [violation("spec", "must be an object, not array", "type")]);
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
    found.sort_by(|a, b| (&a.field, &a.message).cmp(&(&b.field, &b.message)));
    let expected = [
        violation("spec.2", "is not allowed here", "enum"),
        violation("spec.colour", "is not allowed here", "enum"),
        violation("spec.name", "must have at most 5 characters", "max_length"),
        violation("spec.name", "must match the pattern ^[a-z]*$", "pattern"),
        violation("spec.nodes", "must be at most 10", "max"),
        violation("spec.region", "is required", "required"),
        violation("spec.size", "must be one of \"small\", \"large\"", "enum"),
        violation("spec.zones", "must not hold the same item twice", "unique"),
        violation("spec.zones[0]", "must have at least 3 characters", "min_length"),
        violation("spec.zones[1]", "must have at least 3 characters", "min_length"),
        violation("spec[\"host.name\"]", "must be of type boolean, not integer", "type"),
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
        assert!(found.len() == 1 && found[0].field == path, "{spec}: {found:?}");
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
            violation("spec.platform.account", "is required", "required"),
        ),
        (json!({ "size": 1 }), violation("spec.size", "must be at least 2", "min")),
        (json!({ "size": "x" }), violation("spec.size", "must have at least 2 characters", "min_length")),
        (
            json!({ "size": true }),
            violation("spec.size", "must match one of 2 alternatives and matches none", "type"),
        ),
        (
            json!({ "any": {} }),
            violation("spec.any", "must match one of 2 alternatives and matches none", "type"),
        ),
    ];
    for (spec, expected) in table {
        assert_eq!(violations(&schemas, &spec), [expected], "{spec}");
    }
}

#[test]
fn a_discriminator_says_which_alternative_was_meant() {
    let others = json!({
        "Aws": { "type": "object", "required": ["type", "account"], "properties": { "type": { "type": "string" } } },
        "Gcp": { "type": "object", "required": ["type", "project"], "properties": { "type": { "type": "string" } } },
        "Small": { "type": "object", "required": ["size"], "properties": { "size": { "type": "string", "enum": ["s", "xs"] } } },
        "Large": { "type": "object", "required": ["size"], "properties": { "size": { "type": "string", "enum": ["l"] } } }
    });
    let refer = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let clouds = json!([refer("Aws"), refer("Gcp")]);
    let mapping =
        json!({ "aws": "#/components/schemas/Aws", "amazon": "Aws", "gcp": "#/components/schemas/Gcp" });
    let cluster = json!({
        "properties": {
            "mapped": { "oneOf": clouds, "discriminator": { "propertyName": "type", "mapping": mapping } },
            "named": { "anyOf": clouds, "discriminator": { "propertyName": "type" } },
            "words": { "oneOf": [refer("Small"), refer("Large")], "discriminator": { "propertyName": "size" } }
        }
    });
    let table = [
        (
            json!({ "mapped": { "type": "azure" } }),
            "spec.mapped.type",
            "must be one of \"amazon\", \"aws\", \"gcp\"",
            "enum",
        ),
        (
            json!({ "mapped": { "type": 7 } }),
            "spec.mapped.type",
            "must be one of \"amazon\", \"aws\", \"gcp\"",
            "enum",
        ),
        (json!({ "mapped": { "type": "amazon" } }), "spec.mapped.account", "is required", "required"),
        (json!({ "mapped": { "type": "gcp" } }), "spec.mapped.project", "is required", "required"),
        (json!({ "mapped": {} }), "spec.mapped.type", "is required", "required"),
        (
            json!({ "named": { "type": "azure" } }),
            "spec.named.type",
            "must be one of \"Aws\", \"Gcp\"",
            "enum",
        ),
        (json!({ "named": { "type": "Gcp" } }), "spec.named.project", "is required", "required"),
        (
            json!({ "words": { "size": "m" } }),
            "spec.words.size",
            "must be one of \"s\", \"xs\", \"l\"",
            "enum",
        ),
        (json!({ "words": {} }), "spec.words.size", "is required", "required"),
    ];
    for version in ["3.0.3", "3.1.0"] {
        let schemas = loaded(version, cluster.clone(), others.clone()).expect("a usable document");
        for (spec, path, message, constraint) in &table {
            assert_eq!(violations(&schemas, spec), [violation(path, message, constraint)], "{spec}");
        }
        let fits = json!({ "mapped": { "type": "any", "account": 1 }, "words": { "size": "l" } });
        assert_eq!(violations(&schemas, &fits), []);
    }
}

#[test]
fn a_whole_body_is_checked_in_the_same_way() {
    let report = json!({
        "type": "object",
        "required": ["adapter", "conditions"],
        "minProperties": 1,
        "properties": {
            "adapter": { "type": "string", "maxLength": 3 },
            "conditions": { "type": "array", "items": { "type": "object", "required": ["type"], "additionalProperties": false, "properties": { "type": { "type": "string" } } } }
        }
    });
    let document =
        Document::new(document("3.0.0", json!({}), json!({ "Report": report }))).expect("a document");
    let schema = Schema::component(&document, "Report").expect("a schema");
    let faults = |body: &Value| -> Vec<FieldError> {
        let mut found: Vec<_> = schema.violations(body).into_iter().map(FieldError::from).collect();
        found.sort_by(|a, b| (&a.field, &a.message).cmp(&(&b.field, &b.message)));
        found
    };
    let expected = [
        violation("adapter", "must have at most 3 characters", "max_length"),
        violation("conditions[0].type", "must be of type string, not integer", "type"),
        violation("conditions[1].a", "is not allowed here", "enum"),
        violation("conditions[1].type", "is required", "required"),
    ];
    assert_eq!(faults(&json!({ "adapter": "long", "conditions": [{ "type": 1 }, { "a": 1 }] })), expected);
    let message = "the body must be of type object, not array";
    assert_eq!(faults(&json!([])), [FieldError::new("", message).constraint("type")]);
    assert_eq!(faults(&json!({ "adapter": "a", "conditions": [] })), []);
    assert!(Schema::component(&document, "Gone").is_err());
}

#[test]
fn an_object_without_properties() {
    let schemas = schemas(json!({ "properties": { "a": { "additionalProperties": false } } }));
    let found = violations(&schemas, &json!({ "a": { "b": {}, "c": 1 } }));
    let expected = ["spec.a.b", "spec.a.c"].map(|path| violation(path, "is not allowed here", "enum"));
    assert_eq!(found, expected);
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
    let many: Vec<Value> = (0..40_000).map(Value::from).collect();
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
                violation.message.chars().count() < 200 && violation.field.chars().count() < 200,
                "{violation:?}"
            );
        }
    }
}
