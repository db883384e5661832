//! The adapters that may report about a resource.

use super::href;
use crate::harness::{Engine, TestApp, report};
use chrono::TimeDelta;
use serde_json::json;

crate::engines![
    adapters_of_a_resource_have_different_condition_types,
    a_time_of_the_server_is_never_before_the_last_report,
    documents_that_are_only_kept_are_kept,
];

async fn adapters_of_a_resource_have_different_condition_types(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let available = |adapter: &str| report(adapter, 1, &[("Available", "True")]);
    app.report(href(&cluster), available("dns-adapter")).await.status(201);
    for same in ["dns--adapter", "dns_adapter", "dnsAdapter", "DnsAdapter"] {
        app.report(href(&cluster), available(same)).await.problem(400, "HYPERFLEET-VAL-000");
    }
    app.report(href(&cluster), available("dns-adapter")).await.status(201);
    app.report(href(&cluster), available("dnsadapter")).await.status(201);
    let found = app.list("clusters", &[("search", "status.conditions.DnsAdapterSuccessful='True'")]).await;
    assert_eq!(found.at("/total"), 1);
}

/// The clocks of replicas differ. Here the clock moves back.
async fn a_time_of_the_server_is_never_before_the_last_report(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    app.advance(TimeDelta::seconds(10));
    app.report(href(&cluster), report("dns", 1, &[("Available", "True")])).await.status(201);
    assert_eq!(app.get(href(&cluster)).await.at("/status/phase"), "Ready");
    app.advance(TimeDelta::seconds(-12));
    app.report(href(&cluster), report("dns", 1, &[("Available", "False")])).await.status(201);
    assert_eq!(app.get(href(&cluster)).await.at("/status/phase"), "NotReady");
    let patched = app.patch(href(&cluster), json!({"labels": {"a": "b"}})).await;
    assert_eq!(patched.status(200).at("/updated_time"), patched.at("/created_time"));
}

async fn documents_that_are_only_kept_are_kept(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let mut first = report("dns", 1, &[("Available", "True")]);
    first["data"] = json!({"zone": "example.com"});
    first["metadata"] = json!({"job": 7});
    app.report(href(&cluster), first).await.status(201);
    app.report(href(&cluster), report("validation", 1, &[("Available", "True")])).await.status(201);
    let statuses = app.get(&format!("{}/statuses", href(&cluster))).await;
    let items = statuses.at("/items").as_array().expect("a list").clone();
    let dns = items.iter().find(|item| item["adapter"] == "dns").expect("the first");
    assert_eq!((&dns["data"], &dns["metadata"]), (&json!({"zone": "example.com"}), &json!({"job": 7})));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resource_takes_reports_of_a_bounded_number_of_adapters() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let app = TestApp::with(engine, &[("HYPERFLEET_ADAPTERS_MAX_PER_RESOURCE", "2")]).await;
        let cluster = app.a_cluster().create().await;
        let available = |adapter: &str| report(adapter, 1, &[("Available", "True")]);
        app.report(href(&cluster), available("one")).await.status(201);
        app.report(href(&cluster), available("two")).await.status(201);
        app.report(href(&cluster), available("three")).await.problem(400, "HYPERFLEET-VAL-000");
        app.report(href(&cluster), available("two")).await.status(201);
    }
}
