//! Clusters: their representation and their changes.

mod changes;
mod representation;

use crate::harness::{TestApp, report};
use serde_json::json;

crate::engines![
    a_cluster_is_returned_as_it_was_created,
    a_patch_that_changes_nothing_keeps_the_generation,
    the_example_of_the_readme_ends_ready,
];

async fn a_cluster_is_returned_as_it_was_created(app: TestApp) {
    let spec = json!({"region": "eu", "big": 9223372036854775807_i64, "x": {"y": [1, 2.5, null]}});
    let created = app.a_cluster().labelled("env", "production").spec(spec.clone()).create().await;
    assert_eq!(created["spec"], spec);
    assert_eq!(created["generation"], 1);
    assert_eq!(created["status"]["phase"], "NotReady");
    assert_eq!(created["created_time"], "2026-01-02T03:04:05.678901Z");
    let answer = app.get(created["href"].as_str().expect("a path")).await;
    answer.status(200).body(&created);
    assert_eq!(answer.header("etag"), "\"1\"");
}

async fn a_patch_that_changes_nothing_keeps_the_generation(app: TestApp) {
    let cluster = app.a_cluster().labelled("env", "production").create().await;
    let href = cluster["href"].as_str().expect("a path");
    app.patch(href, json!({"labels": {"env": "production"}})).await.status(200).body(&cluster);
    let changed = app.patch(href, json!({"labels": {"env": "test"}})).await;
    assert_eq!(changed.status(200).at("/generation"), 2);
}

async fn the_example_of_the_readme_ends_ready(app: TestApp) {
    let cluster = app.a_cluster().named("production-cluster").create().await;
    let href = cluster["href"].as_str().expect("a path");
    app.report(href, report("dns-adapter", 1, &[("Ready", "True")])).await.status(201);
    let answer = app.get(href).await;
    assert_eq!(answer.status(200).at("/status/phase"), "Ready");
    assert_eq!(answer.at("/status/conditions/2/type"), "DnsAdapterSuccessful");
}
