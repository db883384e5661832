use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::chains::MAX_CHAIN;
use super::{CLUSTER_SPEC, NODE_POOL_SPEC, SpecSchemas, document, loaded, violations};

const TOO_DEEP: &str = "more than 24 schemas apply one through the other";

fn refusal(text: &str) -> String {
    SpecSchemas::from_text(text).expect_err(text).to_string()
}

/// Returns the error of a document whose `ClusterSpec.a` has this schema.
fn refusal_of(version: &str, property: &Value) -> String {
    let cluster = json!({ "type": "object", "properties": { "a": property } });
    loaded(version, cluster, json!({})).expect_err("a faulty schema").to_string()
}

#[test]
fn yaml_and_json() {
    let yaml = "
openapi: 3.0.3
paths:
  /clusters:
    get: {responses: {200: {description: ok}}}
components:
  schemas:
    ClusterSpec:
      type: object
      required: [region]
";
    let schemas = SpecSchemas::from_text(yaml).expect("a usable document");
    assert_eq!(violations(&schemas, &json!({})).len(), 1);
    assert!(schemas.check(NODE_POOL_SPEC, &json!({})).is_ok(), "a missing component accepts every object");
    for text in ["{openapi: 3.0.0}", "{\"openapi\": \"3.0.0\"}", "openapi: 3.1", "openapi: '3.1.1'"] {
        assert!(SpecSchemas::from_text(text).is_ok(), "{text}");
    }
}

#[test]
fn json_is_read_as_such() {
    let json = "{\n\t\"openapi\": \"3.0.0\", \"components\":\n\t{\"schemas\" : {\"ClusterSpec\": {\"enum\":\n\t\t[{\"a\": \"\\ud83d\\ude00\\/\\t\", \"b\": [1e3, -0.5, 9007199254740993, true, null, \"yes\"]}]}}}}\n";
    let schemas = SpecSchemas::from_text(json).expect("a usable document");
    let spec = json!({ "a": "😀/\t", "b": [1000.0, -0.5, 9_007_199_254_740_993_u64, true, null, "yes"] });
    assert_eq!(violations(&schemas, &spec), []);
}

#[test]
fn the_components_that_are_shown() {
    let refer = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let cluster = json!({ "description": "d", "readOnly": true, "properties": { "a": refer("A/properties/b"), "c": refer("Gr%C3%B6%C3%9Fe~1x") } });
    let others = json!({
        "A": { "properties": { "b": { "items": refer("A") }, "c": refer("ClusterSpec") } },
        "Größe/x": { "nullable": true },
        "Unused": {}
    });
    let schemas = loaded("3.0.3", cluster.clone(), others.clone()).expect("a usable document");
    let expected =
        json!({ "A": others["A"], "ClusterSpec": cluster, "Größe/x": others["Größe/x"], "NodePoolSpec": {} });
    assert_eq!(Value::Object(schemas.components().clone()), expected);
    assert!(SpecSchemas::built_in().components().is_empty());
}

#[test]
fn what_is_no_openapi_document() {
    let table = [
        ("", "not an OpenAPI 3.0 or 3.1 document"),
        ("just text", "not an OpenAPI 3.0 or 3.1 document"),
        ("[]", "not an OpenAPI 3.0 or 3.1 document"),
        ("{}", "it has no field openapi"),
        ("swagger: '2.0'", "it says swagger \"2.0\""),
        ("openapi: 4.0.0", "it says openapi 4.0.0"),
        ("openapi: 3.01.0", "it says openapi 3.01.0"),
        ("openapi: [", "cannot be parsed"),
        ("a: *b", "cannot be parsed"),
        (
            "{\"openapi\": \"3.0.0\", \"components\": {\"schemas\": {\"A\": {}, \"B\": {}, \"A\": {}}}}",
            "duplicate mapping key `A`",
        ),
        ("openapi: 3.0.0\ncomponents:\n  schemas:\n    A: {}\n    A: {}", "duplicate mapping key `A`"),
    ];
    for (text, expected) in table {
        let refusal = refusal(text);
        assert!(refusal.contains(expected), "{text:?}: {refusal}");
    }
}

#[test]
fn references_that_cannot_be_followed() {
    let outside = "leads out of the file; only references that start with #/ are followed";
    let table = [
        ("http://127.0.0.1:1/x.json", outside),
        ("https://example.com/x.yaml#/X", outside),
        ("file:///etc/passwd", outside),
        ("/etc/passwd", outside),
        ("other.yaml#/X", outside),
        ("ClusterSpec", outside),
        ("#", outside),
        ("#ClusterSpec", outside),
        ("#/components/schemas/Gone", "leads to nothing in the file"),
        ("#/components/schemas/ClusterSpec/properties/b", "leads to nothing in the file"),
    ];
    for version in ["3.0.3", "3.1.0"] {
        for (reference, expected) in table {
            let refusal = refusal_of(version, &json!({ "items": { "$ref": reference } }));
            let place = "#/components/schemas/ClusterSpec/properties/a/items: $ref ";
            assert!(refusal.starts_with(place) && refusal.contains(expected), "{reference}: {refusal}");
        }
    }
}

#[test]
fn a_reference_to_the_outside_is_not_fetched() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a listener that does not wait");
    let url = format!("http://{}/schema.json", listener.local_addr().expect("an address"));
    for version in ["3.0.3", "3.1.0"] {
        refusal_of(version, &json!({ "$ref": url }));
        refusal_of(version, &json!({ "allOf": [{ "$ref": url }] }));
        let unused = json!({ "Unused": { "$ref": url } });
        assert!(loaded(version, json!({}), unused).is_ok(), "what nothing refers to does not matter");
    }
    let error = listener.accept().expect_err("nobody connects");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn faulty_schemas_are_refused_with_their_place() {
    let a = "#/components/schemas/ClusterSpec/properties/a";
    let pattern = "is no regular expression without look-around and back-references";
    let table = [
        ("3.0.3", json!({ "pattern": "(?=x)" }), format!("{a}/pattern: "), pattern),
        ("3.0.3", json!({ "pattern": "(a)\\1" }), format!("{a}/pattern: "), pattern),
        ("3.0.3", json!({ "pattern": "((" }), format!("{a}/pattern: "), pattern),
        ("3.1.0", json!({ "items": { "pattern": "(?!x)" } }), format!("{a}/items/pattern: "), pattern),
        (
            "3.0.3",
            json!({ "allOf": [{ "pattern": "(?<!x)" }], "nullable": true }),
            format!("{a}/allOf/0/pattern: "),
            pattern,
        ),
        ("3.0.3", json!({ "type": "strin" }), format!("{a}/type: "), "must be"),
        ("3.0.3", json!({ "type": 7 }), format!("{a}/type: "), "must be one of \"array\", "),
        (
            "3.0.3",
            json!({ "properties": [] }),
            format!("{a}/properties: "),
            "must be of type object, not array",
        ),
        (
            "3.0.3",
            json!({ "required": true }),
            format!("{a}/required: "),
            "must be of type array, not boolean",
        ),
        ("3.0.3", json!({ "minimum": "x" }), format!("{a}/minimum: "), "must be of type number, not string"),
        ("3.0.3", json!({ "items": [] }), format!("{a}/items: "), "must be of type"),
        ("3.0.3", json!({ "allOf": [] }), format!("{a}/allOf: "), "must have at least 1 item"),
        ("3.1.0", json!({ "$id": "x" }), format!("{a}: "), "$id is not supported"),
        (
            "3.1.0",
            json!({ "items": { "$dynamicRef": "#x" } }),
            format!("{a}/items: "),
            "$dynamicRef is not supported",
        ),
    ];
    for (version, property, place, expected) in table {
        let refusal = refusal_of(version, &property);
        assert!(refusal.starts_with(&place) && refusal.contains(expected), "{property}: {refusal}");
    }
}

#[test]
fn circles_are_allowed_where_every_round_goes_one_level_down() {
    let itself = json!({ "$ref": "#/components/schemas/A" });
    let endless = [
        json!({ "$ref": "#/components/schemas/B" }),
        json!({ "allOf": [itself] }),
        json!({ "anyOf": [{ "type": "string" }, { "not": itself }] }),
        json!({ "oneOf": [itself], "nullable": true }),
    ];
    for a in endless {
        let others = json!({ "A": a, "B": itself });
        for cluster in [itself.clone(), json!({ "properties": { "a": itself } })] {
            let error = loaded("3.0.3", cluster, others.clone()).expect_err("a circle");
            assert!(error.to_string().contains("refers to itself"), "{a}: {error}");
        }
    }
    let productive = [
        json!({ "properties": { "next": itself } }),
        json!({ "items": itself }),
        json!({ "additionalProperties": itself }),
        json!({ "allOf": [{ "properties": { "next": { "anyOf": [itself] } } }] }),
    ];
    for a in productive {
        assert!(loaded("3.0.3", itself.clone(), json!({ "A": a })).is_ok(), "{a}");
    }
}

/// Returns components `s0` … `s<length>`, each made from a reference to the next.
fn chained(length: usize, link: impl Fn(Value) -> Value) -> Value {
    let named = |i: usize| json!({ "$ref": format!("#/components/schemas/s{i}") });
    let mut others: Map<String, Value> = (0..length).map(|i| (format!("s{i}"), link(named(i + 1)))).collect();
    others.insert(format!("s{length}"), json!({ "type": "object" }));
    Value::Object(others)
}

#[test]
fn long_chains_and_deep_nesting_do_not_exhaust_the_stack() {
    let first = json!({ "$ref": "#/components/schemas/s0" });
    for length in [MAX_CHAIN, 20_000] {
        for others in [chained(length, |next| next), chained(length, |next| json!({ "allOf": [next] }))] {
            let error = loaded("3.0.3", first.clone(), others).expect_err("a long chain");
            assert!(error.to_string().contains(TOO_DEEP), "{error}");
        }
    }
    let others = chained(3_000, |next| json!({ "properties": { "a": next } }));
    assert!(loaded("3.0.3", first.clone(), others).is_ok());
    assert!(loaded("3.0.3", first, chained(MAX_CHAIN - 1, |next| next)).is_ok());

    let deep = format!("{}{}", "{\"not\":".repeat(100_000), "}".repeat(100_000));
    for text in [deep, "[".repeat(100_000), "a: ".repeat(100_000), "- ".repeat(100_000)] {
        assert!(SpecSchemas::from_text(&text).is_err());
    }
    let nested = (0..40).fold(json!({}), |inner, _| json!({ "not": inner }));
    let error = loaded("3.0.3", nested, json!({})).expect_err("a deep schema");
    assert!(error.to_string().contains(TOO_DEEP), "{error}");
}

#[test]
fn the_deepest_value_passes_the_longest_chain() {
    let last = format!("s{}", MAX_CHAIN - 2);
    let mut others = chained(MAX_CHAIN - 2, |next| next);
    others[last.as_str()] = json!({ "additionalProperties": { "$ref": "#/components/schemas/s0" } });
    let schemas =
        loaded("3.0.3", json!({ "$ref": "#/components/schemas/s0" }), others).expect("a usable document");
    let deepest = (0..126).fold(json!({}), |inner, _| json!({ "a": inner }));
    assert_eq!(violations(&schemas, &deepest), []);
}

#[test]
fn files() {
    let folder = std::env::temp_dir().join(format!("spec-schema-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        std::fs::File::create(&path).and_then(|mut file| file.write_all(content)).expect("a file");
        path
    };
    let good =
        write("good.json", document("3.0.3", json!({ "required": ["a"] }), json!({})).to_string().as_bytes());
    let large = write("large.yaml", &vec![b' '; (4 << 20) + 1]);
    let binary = write("binary.yaml", &[0xff, 0xfe]);
    let schemas = SpecSchemas::load(&good).expect("a usable document");
    let large = SpecSchemas::load(&large);
    let binary = SpecSchemas::load(&binary);
    let gone = SpecSchemas::load(Path::new("/does/not/exist.yaml"));
    let directory = SpecSchemas::load(&folder);
    std::fs::remove_dir_all(&folder).expect("an end");

    assert!(schemas.check(CLUSTER_SPEC, &json!({})).is_err());
    for (outcome, expected) in [
        (large, "is larger than 4194304 bytes"),
        (binary, "is not UTF-8 text"),
        (gone, "cannot read /does/not/exist.yaml: "),
        (directory, "cannot read /"),
    ] {
        let refusal = outcome.expect_err(expected).to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
}
