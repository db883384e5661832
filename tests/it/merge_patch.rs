//! PATCH with a JSON merge patch (RFC 7396).

use crate::harness::{Answer, TestApp};
use crate::statuses::href;
use serde_json::{Value, json};

crate::engines![
    members_are_merged_and_null_removes,
    the_result_keeps_the_rules,
    another_json_type_is_refused,
    a_merge_patch_that_changes_nothing_keeps_the_generation,
];

async fn merge(app: &TestApp, path: &str, patch: Value) -> Answer {
    let request = app.request("PATCH", path).header("content-type", "application/merge-patch+json");
    Answer::of(request.body(patch.to_string())).await
}

async fn members_are_merged_and_null_removes(app: TestApp) {
    let cluster =
        app.a_cluster().spec(json!({"a": 1, "b": {"c": 2, "d": [3]}})).labelled("env", "test").create().await;
    let patch = json!({"spec": {"a": null, "b": {"c": 4}, "e": "f"}, "labels": {"team": "x"}});
    let patched = merge(&app, href(&cluster), patch).await;
    patched.status(200);
    assert_eq!(patched.at("/spec"), &json!({"b": {"c": 4, "d": [3]}, "e": "f"}));
    assert_eq!(patched.at("/labels"), &json!({"env": "test", "team": "x"}));
    assert_eq!(patched.at("/generation"), 2, "once, whatever changes");
    let removed = merge(&app, href(&cluster), json!({"labels": {"env": null}})).await;
    assert_eq!(removed.status(200).at("/labels"), &json!({"team": "x"}));
    assert_eq!(removed.at("/spec"), patched.at("/spec"));
    let found = app.list("clusters", &[("search", "labels.team='x'")]).await;
    assert_eq!(found.at("/total"), 1);
    assert_eq!(app.list("clusters", &[("search", "labels.env='test'")]).await.at("/total"), 0);
}

async fn the_result_keeps_the_rules(app: TestApp) {
    let labels: serde_json::Map<String, Value> = (0..64).map(|n| (format!("l{n}"), json!("x"))).collect();
    let body = json!({"name": "alpha", "spec": {"a": 1}, "labels": labels});
    let cluster = app.post("clusters", body).await.status(201).body.clone();
    merge(&app, href(&cluster), json!({"labels": {"one-more": "x"}}))
        .await
        .problem(400, "HYPERFLEET-VAL-000");
    merge(&app, href(&cluster), json!({"labels": {"l0": "not allowed!"}}))
        .await
        .problem(400, "HYPERFLEET-VAL-000");
    merge(&app, href(&cluster), json!({"spec": null})).await.problem(400, "HYPERFLEET-VAL-000");
    merge(&app, href(&cluster), json!({"name": "beta"})).await.problem(400, "HYPERFLEET-VAL-000");
    app.get(href(&cluster)).await.status(200).body(&cluster);
    merge(&app, href(&cluster), json!({"labels": {"l0": null, "one-more": "x"}})).await.status(200);
}

async fn another_json_type_is_refused(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    for (method, path) in [("PATCH", href(&cluster)), ("POST", "clusters")] {
        let request = app.request(method, path).header("content-type", "application/vnd.api+json");
        Answer::of(request.body(json!({"name": "beta", "spec": {}}).to_string()))
            .await
            .problem(415, "HYPERFLEET-VAL-006");
    }
}

async fn a_merge_patch_that_changes_nothing_keeps_the_generation(app: TestApp) {
    let cluster = app.a_cluster().labelled("env", "test").create().await;
    let same =
        merge(&app, href(&cluster), json!({"spec": {}, "labels": {"env": "test", "none": null}})).await;
    same.status(200).body(&cluster);
}
