//! The conditions that a resource waits for.

use crate::harness::{TestApp, report};
use crate::statuses::{href, id};
use chrono::TimeDelta;
use serde_json::{Value, json};

crate::engines![
    a_new_resource_waits_for_every_required_adapter,
    each_adapter_is_explained_until_the_resource_is_reconciled,
    without_required_adapters_nothing_is_known_before_the_first_report,
    a_failure_is_explained_by_its_condition,
    a_finalizing_cluster_waits_for_its_adapters_and_its_node_pools,
    a_node_pool_is_explained_at_both_of_its_addresses,
    what_does_not_exist_is_not_explained,
];

const TWO: [(&str, &str); 2] =
    [("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "dns,net"), ("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", "vm")];
const T0: &str = "2026-01-02T03:04:05.678901Z";
const T1: &str = "2026-01-02T03:05:05.678901Z";
const T2: &str = "2026-01-02T03:06:05.678901Z";

async fn explained(app: &TestApp, path: &str) -> Value {
    app.get(&format!("{path}/explain")).await.status(200).body.clone()
}

fn no_children() -> Value {
    json!({"waiting": 0, "sample": []})
}

async fn a_new_resource_waits_for_every_required_adapter(app: TestApp) {
    let app = TestApp::with(app.engine, &TWO).await;
    let cluster = app.a_cluster().create().await;
    let never =
        |adapter: &str| json!({"adapter": adapter, "why": "never_reported", "wanted": 1, "since": T0});
    let expected = json!({
        "state": "waiting", "since": T0, "blocked_by": [never("dns"), never("net")], "children": no_children()
    });
    assert_eq!(explained(&app, href(&cluster)).await, expected);
}

async fn each_adapter_is_explained_until_the_resource_is_reconciled(app: TestApp) {
    let app = TestApp::with(app.engine, &TWO).await;
    let cluster = app.a_cluster().create().await;
    app.report(href(&cluster), report("net", 1, &[("Available", "True")])).await.status(201);
    app.advance(TimeDelta::minutes(1));
    app.patch(href(&cluster), json!({"spec": {"x": 1}})).await.status(200);
    let mut down = report("dns", 2, &[("Available", "False")]);
    down["conditions"][0]["reason"] = json!("ZoneMissing");
    down["conditions"][0]["message"] = json!("the zone is being created");
    app.report(href(&cluster), down).await.status(201);
    let expected = json!({
        "state": "waiting", "since": T0, "children": no_children(),
        "blocked_by": [
            {"adapter": "dns", "why": "unavailable", "observed_generation": 2, "condition": "Available",
                "reason": "ZoneMissing", "message": "the zone is being created", "since": T1, "last_report_time": T1},
            {"adapter": "net", "why": "older_generation", "observed_generation": 1, "wanted": 2, "since": T1,
                "last_report_time": T0},
        ],
    });
    assert_eq!(explained(&app, href(&cluster)).await, expected);
    app.advance(TimeDelta::minutes(1));
    for adapter in ["dns", "net"] {
        app.report(href(&cluster), report(adapter, 2, &[("Available", "True")])).await.status(201);
    }
    let expected = json!({"state": "reconciled", "since": T2, "blocked_by": [], "children": no_children()});
    assert_eq!(explained(&app, href(&cluster)).await, expected);
}

async fn without_required_adapters_nothing_is_known_before_the_first_report(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let expected = json!({"state": "waiting", "since": T0, "blocked_by": [], "children": no_children()});
    assert_eq!(explained(&app, href(&cluster)).await, expected);
    app.report(href(&cluster), report("dns", 1, &[("Available", "Unknown")])).await.status(201);
    let waiting = explained(&app, href(&cluster)).await;
    assert_eq!(waiting["blocked_by"][0]["why"], "unknown");
    assert_eq!(waiting["blocked_by"][0]["adapter"], "dns");
}

async fn a_failure_is_explained_by_its_condition(app: TestApp) {
    let app = TestApp::with(app.engine, &TWO).await;
    let cluster = app.a_cluster().create().await;
    app.advance(TimeDelta::minutes(1));
    let failed = report("net", 1, &[("Available", "False"), ("Health", "False")]);
    app.report(href(&cluster), failed).await.status(201);
    let failed = explained(&app, href(&cluster)).await;
    assert_eq!((&failed["state"], &failed["since"]), (&json!("failed"), &json!(T1)));
    let blocked_by = failed["blocked_by"].as_array().expect("a list");
    let whys: Vec<_> = blocked_by.iter().map(|blocker| (&blocker["adapter"], &blocker["why"])).collect();
    assert_eq!(whys, [(&json!("dns"), &json!("never_reported")), (&json!("net"), &json!("failed"))]);
    assert_eq!(blocked_by[1]["condition"], "Health");
}

async fn a_finalizing_cluster_waits_for_its_adapters_and_its_node_pools(app: TestApp) {
    let app = TestApp::with(app.engine, &TWO).await;
    let cluster = app.a_cluster().create().await;
    let mut pools = Vec::new();
    for number in 0..12 {
        // Ids are ordered by time.
        app.advance(TimeDelta::milliseconds(1));
        let pool = app.a_node_pool(id(&cluster)).named(&format!("pool-{number}")).create().await;
        pools.push(href(&pool).to_owned());
    }
    assert_eq!(explained(&app, href(&cluster)).await["children"], no_children());
    app.advance(TimeDelta::milliseconds(60_000 - 12));
    app.delete(href(&cluster)).await.status(202);
    app.report(href(&cluster), report("dns", 2, &[("Finalized", "True")])).await.status(201);
    app.report(href(&cluster), report("net", 2, &[("Finalized", "False")])).await.status(201);
    let id_of = |href: &String| href.rsplit('/').next().expect("an id").to_owned();
    let sample: Vec<String> = pools.iter().take(10).map(id_of).collect();
    let expected = json!({
        "state": "finalizing", "since": T1,
        "blocked_by": [
            {"adapter": "net", "why": "not_finalized", "observed_generation": 2, "condition": "Finalized",
                "since": T1, "last_report_time": T1},
            {"why": "children", "since": T1},
        ],
        "children": {"waiting": 12, "sample": sample},
    });
    assert_eq!(explained(&app, href(&cluster)).await, expected);
    for pool in &pools {
        app.report(pool, report("vm", 2, &[("Finalized", "True")])).await.status(201);
    }
    let last = explained(&app, href(&cluster)).await;
    assert_eq!(last["children"], no_children());
    assert_eq!(last["blocked_by"].as_array().map(Vec::len), Some(1), "{last}");
    app.report(href(&cluster), report("net", 2, &[("Finalized", "True")])).await.status(201);
    app.get(&format!("{}/explain", href(&cluster))).await.problem(404, "HYPERFLEET-NTF-001");
}

async fn a_node_pool_is_explained_at_both_of_its_addresses(app: TestApp) {
    let app = TestApp::with(app.engine, &TWO).await;
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    let nested = explained(&app, href(&pool)).await;
    assert_eq!(nested["blocked_by"][0]["adapter"], "vm");
    assert_eq!(explained(&app, &format!("nodepools/{}", id(&pool))).await, nested);
}

async fn what_does_not_exist_is_not_explained(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let other = app.a_cluster().named("other").create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    let none = "01980000-0000-7000-8000-000000000000";
    for path in [
        "clusters/x/explain".to_owned(),
        format!("clusters/{none}/explain"),
        format!("clusters/{}/explain", id(&pool)),
        format!("nodepools/{}/explain", id(&cluster)),
        format!("clusters/{}/nodepools/{}/explain", id(&other), id(&pool)),
        format!("clusters/{none}/nodepools/{}/explain", id(&pool)),
    ] {
        app.get(&path).await.problem(404, "HYPERFLEET-NTF-001");
    }
    app.post(&format!("{}/explain", href(&cluster)), json!({})).await.problem(405, "HYPERFLEET-NTF-000");
}
