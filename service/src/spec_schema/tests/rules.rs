use serde_json::{Value, json};

use super::{CLUSTER_SPEC, accepts, loaded, violations};

#[test]
fn what_keywords_of_3_0_mean() {
    let table: [(Value, Vec<Value>, Vec<Value>); 22] = [
        (json!({ "type": "string" }), vec![json!("x")], vec![json!(1), json!(null)]),
        (json!({ "type": "string", "nullable": true }), vec![json!("x"), json!(null)], vec![json!(1)]),
        (
            json!({ "type": "string", "enum": ["a", "b"], "nullable": true }),
            vec![json!("a"), json!(null)],
            vec![json!("c"), json!(1)],
        ),
        (json!({ "enum": ["a", 1] }), vec![json!("a"), json!(1)], vec![json!(null), json!("1")]),
        (
            json!({ "allOf": [{ "type": "object", "required": ["x"] }], "nullable": true }),
            vec![json!(null), json!({ "x": 1 })],
            vec![json!({}), json!("x")],
        ),
        (json!({ "type": "integer", "minimum": 3 }), vec![json!(3), json!(3.0)], vec![json!(2), json!(3.5)]),
        (
            json!({ "type": "number", "minimum": 3, "exclusiveMinimum": true }),
            vec![json!(3.1)],
            vec![json!(3), json!(2)],
        ),
        (json!({ "minimum": 3, "exclusiveMinimum": false }), vec![json!(3)], vec![json!(2)]),
        (json!({ "maximum": 3, "exclusiveMaximum": true }), vec![json!(2)], vec![json!(3)]),
        (
            json!({ "type": "integer", "format": "int32" }),
            vec![json!(i32::MAX), json!(i32::MIN)],
            vec![json!(2_147_483_648_i64), json!(-2_147_483_649_i64), json!(1e300)],
        ),
        (
            json!({ "type": "integer", "format": "int64", "minimum": 0 }),
            vec![json!(i64::MAX), json!(0)],
            vec![json!(u64::MAX), json!(9_223_372_036_854_775_808_u64), json!(-1)],
        ),
        (
            json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }, { "minimum": 10, "type": "integer" }] }),
            vec![json!("x"), json!(1)],
            vec![json!(10), json!(true)],
        ),
        (
            json!({ "anyOf": [{ "type": "string" }, { "minimum": 10 }] }),
            vec![json!("x"), json!(10)],
            vec![json!(9)],
        ),
        (json!({ "not": { "type": "string" } }), vec![json!(1)], vec![json!("x")]),
        (
            json!({ "type": "object", "additionalProperties": false, "properties": { "b": {} } }),
            vec![json!({}), json!({ "b": 1 })],
            vec![json!({ "c": 1 })],
        ),
        (
            json!({ "type": "object", "additionalProperties": { "type": "string", "nullable": true } }),
            vec![json!({ "c": "x", "d": null })],
            vec![json!({ "c": 1 })],
        ),
        (
            json!({ "type": "array", "items": { "type": "string" }, "minItems": 1, "uniqueItems": true }),
            vec![json!(["a", "b"])],
            vec![json!([]), json!(["a", "a"]), json!([1])],
        ),
        (json!({ "pattern": "^[a-z]+$" }), vec![json!("abc"), json!(1)], vec![json!("ABC")]),
        (json!({ "multipleOf": 0.01 }), vec![json!(1.15)], vec![json!(1.155)]),
        // The next two schemas constrain nothing: annotations, and keywords that 3.0 does not have.
        (
            json!({
                "description": "d", "title": "t", "default": 1, "example": 2, "deprecated": true, "readOnly": true,
                "xml": {}, "externalDocs": { "url": "u" }, "discriminator": { "propertyName": "p" }, "x-own": 1,
                "format": "our-own"
            }),
            vec![json!(null), json!("x")],
            vec![],
        ),
        (json!({ "const": 1, "if": false, "$id": "http://a/b" }), vec![json!(2)], vec![]),
        // A property may have the name of a keyword.
        (
            json!({ "type": "object", "properties": { "$ref": { "type": "string" }, "nullable": { "type": "boolean" } } }),
            vec![json!({ "$ref": "x", "nullable": true })],
            vec![json!({ "$ref": 1 })],
        ),
    ];
    for (schema, accepted, refused) in table {
        for value in accepted {
            assert!(accepts(&schema, &value), "{schema} refuses {value}");
        }
        for value in refused {
            assert!(!accepts(&schema, &value), "{schema} accepts {value}");
        }
    }
}

#[test]
fn formats() {
    let table = [
        ("date-time", "2026-01-02T03:04:05Z", "2026-01-02"),
        ("date", "2026-01-02", "2026-13-02"),
        ("email", "a@example.com", "a"),
        ("uuid", "0198c0de-0000-7000-8000-000000000000", "0198c0de"),
        ("ipv4", "10.0.0.1", "10.0.0.256"),
        ("ipv6", "::1", "10.0.0.1"),
        ("uri", "https://example.com/a", "not a uri"),
        ("hostname", "node-1.example.com", "-a-"),
    ];
    for (format, accepted, refused) in table {
        for version in ["3.0.3", "3.1.0"] {
            let schema = json!({ "properties": { "a": { "type": "string", "format": format } } });
            let schemas = loaded(version, schema, json!({})).expect("a usable document");
            assert!(schemas.check(CLUSTER_SPEC, &json!({ "a": accepted })).is_ok(), "{format}: {accepted}");
            let found = violations(&schemas, &json!({ "a": refused }));
            assert_eq!(found.len(), 1, "{format}: {refused}");
            assert_eq!((found[0].field.as_str(), found[0].constraint), ("spec.a", Some("format")));
        }
    }
}

#[test]
fn references_inside_the_file() {
    let others = json!({
        "Name": { "type": "string", "minLength": 2 },
        "Alias": { "$ref": "#/components/schemas/Name" },
        "Pool": { "type": "object", "properties": { "size": { "type": "integer" }, "a/b": { "type": "boolean" } } },
        "Tree": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": { "$ref": "#/components/schemas/Alias" },
                "children": { "type": "array", "items": { "$ref": "#/components/schemas/Tree" } }
            }
        }
    });
    let cluster = json!({
        "type": "object",
        "properties": {
            // In 3.0, keywords next to a reference are ignored.
            "name": { "$ref": "#/components/schemas/Alias", "maxLength": 2, "nullable": true },
            "size": { "$ref": "#/components/schemas/Pool/properties/size" },
            "flag": { "$ref": "#/components/schemas/Pool/properties/a~1b" },
            "tree": { "$ref": "#/components/schemas/Tree" },
            "maybe": { "allOf": [{ "$ref": "#/components/schemas/Tree" }], "nullable": true },
            "again": { "$ref": "#/components/schemas/ClusterSpec" }
        }
    });
    let schemas = loaded("3.0.3", cluster, others).expect("a usable document");
    let tree = json!({ "name": "root", "children": [{ "name": "leaf" }] });
    let spec = json!({ "name": "abc", "size": 1, "flag": true, "tree": tree, "maybe": null, "again": { "size": 2 } });
    assert_eq!(violations(&schemas, &spec), []);
    let table = [
        (json!({ "name": "a" }), "spec.name"),
        (json!({ "name": null }), "spec.name"),
        (json!({ "size": "1" }), "spec.size"),
        (json!({ "flag": 1 }), "spec.flag"),
        (json!({ "tree": { "name": "ab", "children": [{ "name": "a" }] } }), "spec.tree.children[0].name"),
        (json!({ "maybe": { "name": "ab", "children": [{}] } }), "spec.maybe.children[0].name"),
        (json!({ "again": { "again": { "size": true } } }), "spec.again.again.size"),
    ];
    for (spec, path) in table {
        let found = violations(&schemas, &spec);
        assert!(found.len() == 1 && found[0].field == path, "{spec}: {found:?}");
    }
}

#[test]
fn references_are_percent_encoded() {
    let others =
        json!({ "Größe 50%": { "properties": { "node/pool": { "minimum": 3 }, "a~b": { "minimum": 3 } } } });
    for version in ["3.0.3", "3.1.0"] {
        for reference in [
            "Gr%C3%B6%C3%9Fe%2050%25/properties/node~1pool",
            "Größe 50%25/properties/node%7E1pool",
            "Gr%C3%B6%c3%9fe 50%25/properties/a~0b",
        ] {
            let target = format!("#/components/schemas/{reference}");
            let cluster = json!({ "properties": { "a": { "$ref": target } } });
            let schemas = loaded(version, cluster, others.clone()).expect(reference);
            assert_eq!(violations(&schemas, &json!({ "a": 2 })).len(), 1, "{reference}");
            assert_eq!(violations(&schemas, &json!({ "a": 3 })), [], "{reference}");
        }
    }
}

#[test]
fn what_is_read_only_is_not_demanded() {
    let others = json!({
        "Id": { "type": "string", "readOnly": true },
        "Alias": { "$ref": "#/components/schemas/Id" },
        "Base": { "required": ["id", "size"], "properties": { "id": { "type": "string", "readOnly": true }, "size": {} } }
    });
    let cluster = json!({
        "required": ["id", "uid", "alias", "name", "unknown"],
        "properties": {
            "id": { "type": "string", "readOnly": true },
            "uid": { "$ref": "#/components/schemas/Id" },
            "alias": { "$ref": "#/components/schemas/Alias" },
            "name": { "type": "string", "readOnly": false },
            "base": { "allOf": [{ "$ref": "#/components/schemas/Base" }] }
        }
    });
    for version in ["3.0.3", "3.1.0"] {
        let schemas = loaded(version, cluster.clone(), others.clone()).expect("a usable document");
        let missing = |spec: Value| -> Vec<String> {
            violations(&schemas, &spec).into_iter().map(|violation| violation.field).collect()
        };
        assert_eq!(missing(json!({})), ["spec.name", "spec.unknown"], "{version}");
        let named = json!({ "name": "n", "unknown": 1, "base": {} });
        assert_eq!(missing(named), ["spec.base.size"], "{version}");
        // A request may contain such a property, for example when a client sends back what it read, but only in a
        // valid form.
        let sent = json!({ "name": "n", "unknown": 1, "id": 7, "uid": "u" });
        assert_eq!(missing(sent), ["spec.id"], "{version}");
    }
}

#[test]
fn documents_of_3_1_are_json_schema() {
    let others = json!({
        "Name": { "type": ["string", "null"], "$defs": { "short": { "maxLength": 3 } } },
    });
    let cluster = json!({
        "type": "object",
        "properties": {
            "kind": { "const": "gcp" },
            "size": { "type": "integer", "exclusiveMinimum": 3 },
            // In 3.1, keywords next to a reference apply, and `nullable` has no meaning.
            "name": { "$ref": "#/components/schemas/Name", "minLength": 2 },
            "short": { "$ref": "#/components/schemas/Name/$defs/short" },
            "text": { "type": "string", "nullable": true },
            "pair": { "prefixItems": [{ "type": "string" }, { "type": "integer" }], "items": false }
        },
        "patternProperties": { "^x-": { "type": "boolean" } },
        "if": { "properties": { "size": { "const": 9 } }, "required": ["size"] },
        "then": { "required": ["name"] },
        "unevaluatedProperties": false
    });
    let schemas = loaded("3.1.0", cluster, others).expect("a usable document");
    let good =
        json!({ "kind": "gcp", "size": 4, "name": null, "short": "abc", "pair": ["a", 1], "x-y": true });
    assert_eq!(violations(&schemas, &good), []);
    let table = [
        (json!({ "kind": "aws" }), "spec.kind"),
        (json!({ "size": 3 }), "spec.size"),
        (json!({ "name": "a" }), "spec.name"),
        (json!({ "short": "abcd" }), "spec.short"),
        (json!({ "text": null }), "spec.text"),
        (json!({ "pair": ["a", 1, 2] }), "spec.pair[2]"),
        (json!({ "x-y": 1 }), "spec.x-y"),
        (json!({ "size": 9 }), "spec.name"),
        (json!({ "other": 9 }), "spec.other"),
    ];
    for (spec, path) in table {
        let found = violations(&schemas, &spec);
        assert!(found.iter().any(|violation| violation.field == path), "{spec}: {found:?}");
    }
}
