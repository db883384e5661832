//! The phase, and the adapters that it depends on.

use super::{condition, href, phase};
use crate::harness::{TestApp, report};
use chrono::TimeDelta;
use serde_json::{Value, json};

crate::engines![
    without_configuration_every_adapter_that_reported_counts,
    configured_adapters_count_and_no_others,
    each_kind_has_its_own_configured_adapters,
    a_resource_whose_adapter_fails_is_failed_until_it_is_ready,
    availability_is_told_by_available_else_ready_else_all_conditions,
    a_new_generation_is_not_ready_at_once,
    the_status_before_the_first_report_is_complete,
    what_was_last_known_outlives_its_adapters,
];

const TWO: [(&str, &str); 1] = [("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "a,b")];

async fn without_configuration_every_adapter_that_reported_counts(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let send = async |adapter, status| {
        app.advance(TimeDelta::seconds(1));
        app.report(href(&cluster), report(adapter, 1, &[("Available", status)])).await.status(201);
        phase(&app, href(&cluster)).await
    };
    assert_eq!(send("a", "True").await, "Ready");
    assert_eq!(send("b", "False").await, "NotReady");
    assert_eq!(send("b", "True").await, "Ready");
}

async fn configured_adapters_count_and_no_others(app: TestApp) {
    let app = TestApp::with(app.engine, &TWO).await;
    let cluster = app.a_cluster().create().await;
    let send = async |adapter, status| {
        app.report(href(&cluster), report(adapter, 1, &[("Available", status)])).await.status(201);
        phase(&app, href(&cluster)).await
    };
    assert_eq!(send("a", "True").await, "NotReady");
    assert_eq!(send("other", "False").await, "NotReady");
    assert_eq!(send("b", "True").await, "Ready");
    let cluster = app.get(href(&cluster)).await;
    assert_eq!(condition(&cluster.body, "OtherSuccessful"), &Value::Null);
    assert_eq!(condition(&cluster.body, "ASuccessful")["status"], "True");
    let adapters = cluster.at("/status/adapters").as_array().expect("a list").iter();
    let names: Vec<&Value> = adapters.map(|adapter| &adapter["adapter"]).collect();
    assert_eq!(names, ["a", "b", "other"]);
}

async fn each_kind_has_its_own_configured_adapters(app: TestApp) {
    let required =
        [("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "a"), ("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", "b")];
    let app = TestApp::with(app.engine, &required).await;
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(super::id(&cluster)).create().await;
    for resource in [&cluster, &pool] {
        app.report(href(resource), report("a", 1, &[("Available", "True")])).await.status(201);
    }
    assert_eq!(phase(&app, href(&cluster)).await, "Ready");
    assert_eq!(phase(&app, href(&pool)).await, "NotReady");
    app.report(href(&pool), report("b", 1, &[("Available", "True")])).await.status(201);
    assert_eq!(phase(&app, href(&pool)).await, "Ready");
}

async fn a_resource_whose_adapter_fails_is_failed_until_it_is_ready(app: TestApp) {
    let app = TestApp::with(app.engine, &TWO).await;
    let cluster = app.a_cluster().create().await;
    let send = async |adapter: &str, generation, conditions: &[(&str, &str)]| {
        app.advance(TimeDelta::seconds(1));
        app.report(href(&cluster), report(adapter, generation, conditions)).await.status(201);
        phase(&app, href(&cluster)).await
    };
    assert_eq!(send("other", 1, &[("Available", "False"), ("Failed", "True")]).await, "NotReady");
    assert_eq!(send("a", 1, &[("Available", "False"), ("Health", "False")]).await, "Failed");
    assert_eq!(send("a", 1, &[("Available", "False"), ("Health", "True")]).await, "NotReady");
    assert_eq!(send("a", 1, &[("Available", "False"), ("Failed", "True")]).await, "Failed");
    assert_eq!(send("a", 1, &[("Available", "False"), ("Failed", "False")]).await, "NotReady");
    assert_eq!(send("b", 1, &[("Available", "True")]).await, "NotReady");
    // `Ready` takes precedence over an adapter that is available but unhealthy.
    assert_eq!(send("a", 1, &[("Available", "True"), ("Health", "False")]).await, "Ready");
    app.patch(href(&cluster), json!({"spec": {}})).await.status(200);
    // The failure was reported for the previous generation.
    assert_eq!(phase(&app, href(&cluster)).await, "NotReady");
    assert_eq!(send("a", 2, &[("Available", "True"), ("Health", "False")]).await, "Failed");
}

async fn availability_is_told_by_available_else_ready_else_all_conditions(app: TestApp) {
    let cases: [(&[(&str, &str)], &str); 10] = [
        (&[("Available", "True"), ("Ready", "False")], "True"),
        (&[("Ready", "True"), ("Applied", "False")], "True"),
        (&[("Ready", "False"), ("Applied", "True")], "False"),
        (&[("Applied", "True"), ("Health", "True")], "True"),
        (&[("Applied", "True"), ("Health", "False")], "False"),
        (&[("Applied", "True"), ("Progressing", "False"), ("Finalized", "False")], "True"),
        (&[("Applied", "Unknown")], "False"),
        (&[("Progressing", "True")], "False"),
        (&[], "False"),
        (&[("Available", "False")], "False"),
    ];
    let cluster = app.a_cluster().create().await;
    for (number, (conditions, expected)) in cases.iter().enumerate() {
        let adapter = format!("x{number:02}");
        app.report(href(&cluster), report(&adapter, 1, conditions)).await.status(201);
        let now = app.get(href(&cluster)).await;
        assert_eq!(now.at(&format!("/status/adapters/{number}/available")), expected, "{conditions:?}");
        let name = format!("X{number:02}Successful");
        assert_eq!(condition(&now.body, &name)["status"], *expected, "{conditions:?}");
    }
}

async fn a_new_generation_is_not_ready_at_once(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    app.report(href(&cluster), report("a", 1, &[("Available", "True")])).await.status(201);
    app.advance(TimeDelta::minutes(1));
    let changed = app.patch(href(&cluster), json!({"labels": {"env": "test"}})).await;
    assert_eq!(changed.status(200).at("/status/phase"), "NotReady");
    assert_eq!(changed.at("/status/observed_generation"), 1);
    assert_eq!(changed.at("/status/last_transition_time"), "2026-01-02T03:05:05.678901Z");
    assert_eq!(changed.at("/status/last_updated_time"), "2026-01-02T03:04:05.678901Z");
    app.get(href(&cluster)).await.status(200).body(&changed.body);
}

async fn the_status_before_the_first_report_is_complete(app: TestApp) {
    let app = TestApp::with(app.engine, &TWO).await;
    let cluster = app.a_cluster().create().await;
    let t0 = "2026-01-02T03:04:05.678901Z";
    let status = &cluster["status"];
    assert_eq!((&status["phase"], &status["observed_generation"]), (&json!("NotReady"), &json!(0)));
    assert_eq!((&status["last_updated_time"], &status["last_transition_time"]), (&json!(t0), &json!(t0)));
    assert_eq!(status["adapters"], json!([]));
    let condition = |name: &str, reason: &str, message: &str| {
        json!({"type": name, "status": "False", "reason": reason, "message": message, "observed_generation": 1,
            "created_time": t0, "last_updated_time": t0, "last_transition_time": t0})
    };
    let missing = "Required adapters not reporting Available=True: [a, b]. Currently reporting: []";
    let never = "Required adapters have not yet reported status";
    assert_eq!(
        status["conditions"],
        json!([
            condition("Reconciled", "ReconciledMissingAdapters", missing),
            condition("LastKnownReconciled", "AdaptersMissingReports", never),
        ])
    );
}

/// After a restart, other adapters may be required, none of which has reported.
async fn what_was_last_known_outlives_its_adapters(app: TestApp) {
    let before = app.replica(&[("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "a")]).await;
    let after = app.replica(&[("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "b")]).await;
    let cluster = before.a_cluster().create().await;
    before.patch(href(&cluster), json!({"spec": {"x": 2}})).await.status(200);
    before.report(href(&cluster), report("a", 2, &[("Available", "True")])).await.status(201);
    let known = |body: &Value| condition(body, "LastKnownReconciled").clone();
    let good = known(&before.get(href(&cluster)).await.body);
    assert_eq!((&good["status"], &good["observed_generation"]), (&json!("True"), &json!(2)));
    let changed = after.patch(href(&cluster), json!({"spec": {"x": 3}})).await;
    let lost = known(&changed.status(200).body);
    assert_eq!((&lost["status"], &lost["observed_generation"]), (&json!("False"), &json!(2)));
    assert_eq!(lost["reason"], "AdaptersMissingReports");
}
