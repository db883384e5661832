//! Bodies that violate a rule of a schema in the document: each is refused, and the error names the field.

use crate::harness::{Answer, Folder, TestApp, report};
use crate::statuses::{href, id};
use serde_json::{Value, json};

crate::engines![
    what_the_schema_refuses_is_refused_and_what_it_accepts_is_accepted,
    a_fault_names_its_field_its_rule_and_the_value_found,
    a_fault_of_the_provider_s_schema_names_its_field_in_the_summary,
    a_body_of_another_media_type_is_refused_with_those_there_are,
    a_byte_order_mark_is_skipped,
    the_zero_time_of_go_counts_as_absent,
];

/// Returns valid and invalid bodies of the operations, with the names of their schemas.
fn bodies() -> Vec<(&'static str, Vec<Value>)> {
    let labelled = |labels: Value| json!({"name": "gamma", "spec": {}, "labels": labels});
    let reported = |field: &str, value: Value| {
        let mut report = report("dns", 1, &[("Available", "True")]);
        report[field] = value;
        report
    };
    let stated = |field: &str, value: Value| {
        let mut report = report("dns", 1, &[("Available", "True")]);
        report["conditions"][0][field] = value;
        report
    };
    let many: Vec<Value> = (0..101).map(|n| json!({"type": format!("T{n}"), "status": "True"})).collect();
    let creates = vec![
        json!({"name": "gamma", "spec": {}}),
        json!({"kind": "Cluster", "name": "delta", "spec": {"a": [1, null]}, "labels": {"a": ""}, "more": 1}),
        json!({"kind": null, "name": "epsilon", "spec": {}, "labels": null}),
        json!({"kind": "NodePool", "name": "gamma", "spec": {}}),
        json!({"spec": {}}),
        json!({"name": "ab", "spec": {}}),
        json!({"name": "a".repeat(54), "spec": {}}),
        json!({"name": "gamma-", "spec": {}}),
        json!({"name": 1, "spec": {}}),
        json!({"name": "gamma"}),
        json!({"name": "gamma", "spec": []}),
        labelled(json!([])),
        labelled(json!({"a": 1})),
        labelled(json!({"a": "-"})),
        labelled(json!({"a": "b".repeat(64)})),
        labelled((0..65).map(|n| (format!("l{n}"), json!(""))).collect::<serde_json::Map<_, _>>().into()),
    ];
    let patches = vec![
        json!({"spec": {"a": 1}}),
        json!({"spec": null, "labels": {"a": "b"}}),
        json!({}),
        json!({"spec": 1}),
        json!({"labels": {"a": " "}}),
        json!({"spec": {}, "name": "gamma"}),
    ];
    let reports = vec![
        reported("adapter", json!("dns.adapter_1-x")),
        reported("observed_generation", json!(1.0)),
        reported("observed_time", Value::Null),
        reported("data", json!({"a": [1]})),
        stated("reason", Value::Null),
        stated("observed_generation", json!(1.0)),
        reported("adapter", json!("dns adapter")),
        reported("adapter", json!("")),
        reported("adapter", json!("ä")),
        reported("adapter", json!("a".repeat(254))),
        reported("observed_generation", json!(0)),
        reported("observed_generation", json!(1.5)),
        reported("observed_time", json!("yesterday")),
        reported("conditions", json!(null)),
        reported("conditions", json!(many)),
        reported("conditions", json!([{"type": "A", "status": "True"}, {"type": "A", "status": "True"}])),
        reported("data", json!([])),
        reported("metadata", json!("x")),
        reported("adapter_config_version", json!("a b/2")),
        reported("adapter_framework_version", Value::Null),
        reported("adapter_config_version", json!(2)),
        reported("adapter_framework_version", json!("1".repeat(254))),
        stated("type", json!(" ")),
        stated("status", json!("true")),
        stated("message", json!(1)),
        stated("observed_generation", json!("1")),
        stated("created_at", json!("now")),
    ];
    vec![
        ("ClusterCreateRequest", creates),
        ("ClusterPatchRequest", patches),
        ("AdapterStatusCreateRequest", reports),
        (
            "ForceDeleteRequest",
            vec![
                json!({}),
                json!({"reason": " \u{85}"}),
                json!({"reason": "ä".repeat(1025)}),
                json!({"reason": 1}),
            ],
        ),
    ]
}

/// Translates `nullable`, the keyword of OpenAPI 3.0 for values that may be null.
fn allow_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(allow_null),
        Value::Object(members) => {
            members.values_mut().for_each(allow_null);
            if members.get("nullable") == Some(&json!(true)) {
                members["type"] = json!([members["type"], "null"]);
            }
        }
        _ => {}
    }
}

async fn what_the_schema_refuses_is_refused_and_what_it_accepts_is_accepted(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let document = app.get("/openapi").await.status(200).body.clone();
    let mut schemas = document["components"]["schemas"].clone();
    allow_null(&mut schemas);
    let options =
        || jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
    for (name, bodies) in bodies() {
        let schema =
            json!({"$ref": format!("#/components/schemas/{name}"), "components": {"schemas": schemas}});
        let validator = options().build(&schema).expect("a schema");
        for body in bodies {
            let (method, path) = match name {
                "ClusterCreateRequest" => ("POST", "clusters".to_owned()),
                "ClusterPatchRequest" => ("PATCH", href(&cluster).to_owned()),
                "ForceDeleteRequest" => ("POST", format!("{}/force-delete", href(&cluster))),
                _ => ("PUT", format!("{}/statuses", href(&cluster))),
            };
            let answer = Answer::of(app.request(method, &path).json(&body)).await;
            let (accepted, good) = (answer.status / 100 == 2, validator.is_valid(&body));
            assert_eq!(accepted, good, "{name}: {body}: {}", answer.text);
            assert!(accepted || answer.status == 400, "{body}: {}", answer.text);
        }
    }
}

async fn a_fault_names_its_field_its_rule_and_the_value_found(app: TestApp) {
    let body =
        json!({"kind": "Pool", "name": "Gamma!", "spec": 1, "labels": {"a.b/c": "-x", "d": 2, "-e": "f"}});
    let refused = app.post("clusters", body).await;
    refused.problem(400, "HYPERFLEET-VAL-000");
    let rules: Vec<(&str, &str)> = refused.body["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| {
            let text = |field: &str| error[field].as_str().unwrap_or_default();
            (text("field"), text("constraint"))
        })
        .collect();
    let expected = [
        ("kind", "enum"),
        ("labels[d]", "type"),
        ("labels[a.b/c]", "pattern"),
        ("name", "pattern"),
        ("spec", "type"),
        ("labels", "pattern"),
    ];
    assert_eq!(rules, expected);
    assert_eq!(refused.at("/errors/3/value"), "Gamma!");
    assert_eq!(refused.at("/errors/2/value"), "-x");
    let missing = app.post("clusters", json!({"name": null, "spec": {}})).await;
    missing.problem(400, "HYPERFLEET-VAL-000");
    assert_eq!(missing.at("/errors/0/constraint"), "required");
    assert_eq!(missing.at("/detail"), "name is required");
}

async fn a_fault_of_the_provider_s_schema_names_its_field_in_the_summary(app: TestApp) {
    let folder = Folder::new();
    let file = folder.path().join("schemas.json");
    let spec =
        json!({"type": "object", "required": ["region"], "properties": {"region": {"type": "string"}}});
    let document =
        json!({"openapi": "3.0.0", "components": {"schemas": {"ClusterSpec": spec, "NodePoolSpec": {}}}});
    std::fs::write(&file, document.to_string()).expect("a file");
    let path = file.to_str().expect("a path");
    let app = TestApp::with(app.engine, &[("HYPERFLEET_SERVER_OPENAPI_SCHEMA_PATH", path)]).await;
    for (spec, detail, constraint) in [
        (json!({}), "spec.region is required", "required"),
        (json!({"region": 1}), "spec.region must be of type string, not integer", "type"),
    ] {
        let refused = app.post("clusters", json!({"name": "gamma", "spec": spec})).await;
        refused.problem(400, "HYPERFLEET-VAL-000");
        assert_eq!(refused.at("/detail"), detail);
        assert_eq!(
            (refused.at("/errors/0/field"), refused.at("/errors/0/constraint")),
            (&json!("spec.region"), &json!(constraint))
        );
    }
}

async fn a_body_of_another_media_type_is_refused_with_those_there_are(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let (plain, patch) = ("application/json", "application/json, application/merge-patch+json");
    let statuses = format!("{}/statuses", href(&cluster));
    for (method, path, accepted) in
        [("POST", "clusters", plain), ("PATCH", href(&cluster), patch), ("PUT", &statuses, plain)]
    {
        for media_type in ["application/vnd.x+json", "application/json-patch+json", "text/json", "", "json"] {
            let request = app.request(method, path).header("content-type", media_type).body("{}");
            let refused = Answer::of(request).await;
            refused.problem(415, "HYPERFLEET-VAL-006");
            assert_eq!(refused.header("accept"), accepted, "{method} {media_type}");
        }
    }
    let merge = app.request("POST", "clusters").header("content-type", "application/merge-patch+json");
    Answer::of(merge.body(r#"{"name": "gamma", "spec": {}}"#)).await.problem(415, "HYPERFLEET-VAL-006");
}

async fn a_byte_order_mark_is_skipped(app: TestApp) {
    let body = "\u{feff}{\"name\": \"gamma\", \"spec\": {}}";
    let created = app.request("POST", "clusters").header("content-type", "application/json").body(body);
    assert_eq!(Answer::of(created).await.status(201).at("/name"), "gamma");
}

async fn the_zero_time_of_go_counts_as_absent(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let mut seen = report("dns", 1, &[("Available", "True")]);
    for field in ["created_at", "updated_at"] {
        seen["conditions"][0][field] = json!("0001-01-01T00:00:00Z");
    }
    seen["observed_time"] = json!("0001-01-01T00:00:00Z");
    let stored = app.report(href(&cluster), seen.clone()).await;
    let now = "2026-01-02T03:04:05.678901Z";
    assert_eq!(stored.status(201).at("/observed_time"), now);
    assert_eq!(stored.at("/conditions/0/created_at"), now);
    assert_eq!(stored.at("/conditions/0/updated_at"), now);
    let pool = app.a_node_pool(id(&cluster)).create().await;
    seen["observed_time"] = json!("0001-01-01T02:00:00+02:00");
    app.report(href(&pool), seen).await.status(201);
}
