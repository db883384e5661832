//! The values that a client sends are returned unchanged.

use crate::harness::{Answer, TestApp};
use crate::statuses::href;
use serde_json::{Map, Value, json};

crate::engines![
    a_spec_comes_back_equal_to_what_was_sent,
    a_spec_may_be_as_large_as_256_kib_and_as_deep_as_64_levels,
    names_and_labels_may_be_all_that_the_rules_allow,
    what_is_not_said_has_its_default,
    the_fields_of_a_cluster_are_these,
    json_goes_by_many_names,
];

async fn a_spec_comes_back_equal_to_what_was_sent(app: TestApp) {
    let specs = [
        "{}",
        r#"{"a":9223372036854775807,"b":-9223372036854775808,"c":18446744073709551615,"d":9007199254740993}"#,
        r#"{"a":0.1,"b":-1.5e-300,"c":1e300,"d":2.5,"e":1.7976931348623157e308,"f":5e-324}"#,
        r#"{"a":null,"b":[],"c":{},"d":[null,[],{}],"e":"","f":false}"#,
        r#"{"":"empty","a.b":1,"$x":2,"ü":"Zürich ☃ 😀","quote\"":"\\ \" \n \t \u0001 \u007f \u2028"}"#,
        r#"{"b":1,"a":2,"B":3,"A":4}"#,
    ];
    for (number, text) in specs.into_iter().enumerate() {
        let spec: Value = serde_json::from_str(text).expect("JSON");
        let created = app.a_cluster().named(&format!("cluster-{number}")).spec(spec.clone()).create().await;
        assert_eq!(created["spec"], spec);
        let read = app.get(href(&created)).await;
        assert_eq!(read.status(200).at("/spec"), &spec);
        // A PATCH with the same spec is not a change.
        let again = app.patch(href(&created), json!({"spec": spec})).await;
        assert_eq!(again.status(200).at("/generation"), 1, "{text}");
    }
}

async fn a_spec_may_be_as_large_as_256_kib_and_as_deep_as_64_levels(app: TestApp) {
    let large = json!({"x": "a".repeat(256 * 1024 - r#"{"x":""}"#.len())});
    assert_eq!(app.a_cluster().named("large").spec(large.clone()).create().await["spec"], large);
    let over = json!({"name": "over", "spec": {"x": "a".repeat(256 * 1024 - r#"{"x":""}"#.len() + 1)}});
    app.post("clusters", over).await.problem(400, "HYPERFLEET-VAL-000");
    // The body and the spec are two levels themselves.
    let deep: Value = serde_json::from_str(&format!("{}{}", "[".repeat(62), "]".repeat(62))).expect("JSON");
    let deep = json!({"x": deep});
    let created = app.a_cluster().named("deep").spec(deep.clone()).create().await;
    assert_eq!(app.get(href(&created)).await.status(200).at("/spec"), &deep);
}

async fn names_and_labels_may_be_all_that_the_rules_allow(app: TestApp) {
    let longest = "a".repeat(53);
    for name in ["abc", "a-b", "0-0", "a--b", "123", &longest] {
        assert_eq!(app.a_cluster().named(name).create().await["name"], name);
    }
    let (part, prefix) = ("x".repeat(63), format!("{0}.{0}.{0}.{1}", "y".repeat(63), "z".repeat(61)));
    let mut labels: Map<String, Value> = (0..60).map(|n| (format!("label-{n}"), json!("x"))).collect();
    labels.insert(format!("{prefix}/{part}"), json!(part));
    labels.insert("Empty_value.0".into(), json!(""));
    labels.insert("app.kubernetes.io/name".into(), json!("A_b.C-d"));
    labels.insert("0".into(), json!("0"));
    assert_eq!(labels.len(), 64);
    let created = app.post("clusters", json!({"name": "labelled", "spec": {}, "labels": labels})).await;
    assert_eq!(created.status(201).at("/labels"), &Value::from(labels));
}

async fn what_is_not_said_has_its_default(app: TestApp) {
    for (name, body) in [
        ("absent", json!({"name": "absent", "spec": {}})),
        ("nulls", json!({"name": "nulls", "spec": {}, "kind": null, "labels": null})),
    ] {
        let created = app.post("clusters", body).await;
        assert_eq!(created.status(201).at("/kind"), "Cluster", "{name}");
        assert_eq!(created.at("/labels"), &json!({}), "{name}");
    }
}

async fn the_fields_of_a_cluster_are_these(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let keys =
        |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>().join(" ");
    let fields =
        "created_by created_time generation href id kind labels name spec status updated_by updated_time";
    assert_eq!(keys(&cluster), fields);
    let status = "adapters conditions last_transition_time last_updated_time observed_generation phase";
    assert_eq!(keys(&cluster["status"]), status);
    assert_eq!(href(&cluster), format!("/api/hyperfleet/v1/clusters/{}", crate::statuses::id(&cluster)));
    let id: uuid::Uuid = crate::statuses::id(&cluster).parse().expect("a UUID");
    assert_eq!(id.get_version_num(), 7);
}

async fn json_goes_by_many_names(app: TestApp) {
    let names = ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"];
    for (number, name) in names.into_iter().enumerate() {
        let body = json!({"name": format!("cluster-{number}"), "spec": {}}).to_string();
        let request = app.request("POST", "clusters").header("content-type", name).body(body);
        Answer::of(request).await.status(201);
    }
    let unnamed = app.request("POST", "clusters").body(r#"{"name": "unnamed", "spec": {}}"#);
    Answer::of(unnamed).await.status(201);
}
