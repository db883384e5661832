//! The document of a server that is configured with a provider's schemas of `spec`.

use super::schemas::resolved;
use super::{each_object, operations};
use crate::harness::TestApp;
use crate::statuses::href;
use serde_json::{Value, json};
use service::spec_schema::SpecSchemas;

crate::engines![the_schema_of_a_spec_is_served_and_its_examples_are_accepted];

/// Returns the document with these schemas.
fn with(version: &str, schemas: Value) -> Value {
    let file = json!({ "openapi": version, "components": { "schemas": schemas } }).to_string();
    let schemas = SpecSchemas::from_text(&file).expect("schemas");
    api::openapi::Document::new(true).with_spec_schemas(&schemas).value().clone()
}

/// Returns the schema of `spec` in a schema of the document.
fn spec<'a>(document: &'a Value, name: &str) -> &'a Value {
    let spec = &document["components"]["schemas"][name]["properties"]["spec"];
    spec["allOf"].get(0).map_or(spec, |part| resolved(document, part))
}

async fn the_schema_of_a_spec_is_served_and_its_examples_are_accepted(app: TestApp) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/helm/hyperfleet-api/ci/provider-schema.yaml");
    let app = TestApp::with(app.engine, &[("HYPERFLEET_SERVER_OPENAPI_SCHEMA_PATH", file)]).await;
    let document = app.get("/openapi").await.status(200).body.clone();
    for name in ["Cluster", "ClusterCreateRequest", "ClusterPatchRequest"] {
        assert_eq!(spec(&document, name)["required"], json!(["platform", "release"]), "{name}");
        let description = &document["components"]["schemas"][name]["properties"]["spec"]["description"];
        assert!(description.is_string(), "{name}");
    }
    assert_eq!(spec(&document, "NodePool")["properties"]["replicas"]["maximum"], 500);
    assert!(spec(&document, "MergePatch")["properties"].is_null(), "a part need not keep to the schema");
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    for name in ["Platform", "Networking", "Fixed", "Range"] {
        assert!(schemas.contains_key(name), "{name}");
    }
    let example = |name: &str| document["components"]["examples"][name]["value"].clone();
    let created = app.post("clusters", example("ClusterCreateRequest")).await.status(201).body.clone();
    assert_eq!(created["spec"]["platform"]["gcp"]["region"], "europe-west1");
    app.patch(href(&created), example("ClusterPatchRequest")).await.status(200);
    app.post(&format!("{}/nodepools", href(&created)), example("NodePoolCreateRequest")).await.status(201);
    // A field of the spec that the schema does not define can still be selected.
    app.get("clusters?fields=spec.zone").await.status(200);
}

#[test]
fn a_component_of_another_version_and_of_a_name_that_is_taken_is_shown_in_the_words_of_this_document() {
    // OpenAPI 3.0 can express neither several types nor null without another type.
    let any = json!({"type": ["string", "integer", "null"]});
    let phase = json!({"type": ["string", "null"], "const": "Day 2", "examples": ["Day 2"]});
    let document = with(
        "3.1.0",
        json!({
            "ClusterSpec": {
                "type": "object",
                "required": ["size", "phase"],
                "propertyNames": {"maxLength": 20},
                "properties": {
                    "phase": {"$ref": "#/components/schemas/Phase"},
                    "other": {"$ref": "#/components/schemas/ClusterSpec/properties/size"},
                    "size": {"type": "integer", "exclusiveMinimum": 4, "multipleOf": 2},
                    "never": false,
                    "any": any,
                },
            },
            "Phase": phase,
            "Unused": {"type": "string"},
        }),
    );
    let shown = spec(&document, "ClusterCreateRequest");
    assert_eq!(shown["properties"]["phase"]["$ref"], "#/components/schemas/ProviderPhase");
    let size = json!({"type": "integer", "minimum": 4, "exclusiveMinimum": true, "multipleOf": 2});
    assert_eq!(shown["properties"]["size"], size);
    assert_eq!(shown["properties"]["never"], json!({"not": {}}));
    assert!(shown["propertyNames"].is_null());
    assert_eq!(shown["properties"]["any"], json!({}));
    let schemas = &document["components"]["schemas"];
    let phase = json!({"type": "string", "nullable": true, "enum": ["Day 2"], "example": "Day 2"});
    assert_eq!(schemas["ProviderPhase"], phase);
    assert_eq!(schemas["Phase"]["enum"], json!(["NotReady", "Ready", "Failed"]));
    assert!(schemas["Unused"].is_null());
    each_object(&document, &mut |object| {
        if let Some(reference) = object.get("$ref") {
            assert!(!resolved(&document, &json!({"$ref": reference})).is_null(), "{reference}");
        }
    });
    let example = &document["components"]["examples"]["Cluster"]["value"];
    assert_eq!(example["spec"], json!({"phase": "Day 2", "size": 6}));
    let listed = &document["components"]["examples"]["ClusterList"]["value"]["items"][0];
    assert_eq!(listed["spec"], example["spec"]);
    let changed = &document["components"]["examples"]["ChangeList"]["value"]["items"][0]["object"];
    assert_eq!(changed["spec"], example["spec"]);
}

#[test]
fn an_example_that_the_schema_would_refuse_is_not_shown() {
    let named = json!({"type": "string", "pattern": "^[0-9]{12}$"});
    let spec = json!({"type": "object", "required": ["account"], "properties": {"account": named}});
    let document = with("3.0.3", json!({"ClusterSpec": spec, "NodePoolSpec": {"type": "object"}}));
    for (method, path, operation) in operations(&document) {
        let contents = &operation["requestBody"]["content"]["application/json"];
        let about_specs =
            method == "patch" || contents["schema"]["$ref"].to_string().contains("CreateRequest");
        if about_specs && operation["tags"][0] == "Clusters" {
            assert!(contents.get("examples").is_none(), "{method} {path}");
        }
    }
    let examples = document["components"]["examples"].as_object().expect("examples");
    assert!(examples.keys().all(|name| !name.starts_with("Cluster")), "{examples:?}");
    assert!(!examples.contains_key("ChangeList"), "{examples:?}");
    assert_eq!(examples["NodePoolCreateRequest"]["value"]["spec"], json!({}));
}

#[test]
fn a_schema_that_refers_to_another_part_of_its_file_is_left_out() {
    let file = json!({
        "openapi": "3.1.0",
        "x-shared": {"region": {"type": "string"}},
        "components": {"schemas": {"ClusterSpec": {"properties": {"region": {"$ref": "#/x-shared/region"}}}}},
    });
    let schemas = SpecSchemas::from_text(&file.to_string()).expect("schemas");
    let document = api::openapi::Document::new(true).with_spec_schemas(&schemas);
    assert_eq!(document.value(), api::openapi::Document::new(true).value());
}
