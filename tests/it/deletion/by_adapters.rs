//! Deletions that wait for adapters and for node pools.

use crate::harness::{TestApp, report};
use crate::statuses::{condition, discarded, href, id};
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Database};
use serde_json::json;

crate::engines![
    a_resource_goes_when_all_its_adapters_are_done,
    learnt_adapters_are_waited_for_as_configured_ones_are,
    only_reports_of_the_last_generation_count,
    a_report_that_does_not_know_removes_nothing,
    a_finalized_parent_waits_for_its_children_and_goes_with_the_last,
    a_parent_that_nobody_else_waits_for_goes_with_its_last_child,
    a_child_that_was_going_before_is_waited_for,
    a_child_that_goes_leaves_a_parent_that_is_not_done,
    a_child_that_was_left_behind_takes_its_parent_along,
    a_discarded_report_removes_nothing_that_is_done,
];

const DONE: [(&str, &str); 2] = [("Available", "False"), ("Finalized", "True")];
const GONE: (u16, &str) = (404, "HYPERFLEET-NTF-001");

async fn gone(app: &TestApp, resource: &serde_json::Value) {
    app.get(href(resource)).await.problem(GONE.0, GONE.1);
}

async fn a_resource_goes_when_all_its_adapters_are_done(app: TestApp) {
    let app = TestApp::with(app.engine, &[("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "a,b")]).await;
    let cluster = app.a_cluster().create().await;
    app.delete(href(&cluster)).await.status(202);
    app.report(href(&cluster), report("a", 2, &DONE)).await.status(201);
    app.report(href(&cluster), report("other", 2, &DONE)).await.status(201);
    app.get(href(&cluster)).await.status(200);
    let last = app.report(href(&cluster), report("b", 2, &DONE)).await;
    assert_eq!(last.status(201).at("/adapter"), "b");
    gone(&app, &cluster).await;
    app.report(href(&cluster), report("b", 2, &DONE)).await.problem(GONE.0, GONE.1);
    app.get(&format!("{}/statuses", href(&cluster))).await.problem(GONE.0, GONE.1);
}

async fn learnt_adapters_are_waited_for_as_configured_ones_are(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    for adapter in ["a", "b"] {
        app.report(href(&cluster), report(adapter, 1, &[("Available", "True")])).await.status(201);
    }
    app.delete(href(&cluster)).await.status(202);
    app.report(href(&cluster), report("a", 2, &DONE)).await.status(201);
    app.get(href(&cluster)).await.status(200);
    app.report(href(&cluster), report("b", 2, &DONE)).await.status(201);
    gone(&app, &cluster).await;
}

async fn only_reports_of_the_last_generation_count(app: TestApp) {
    let app = TestApp::with(app.engine, &[("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "a")]).await;
    let cluster = app.a_cluster().create().await;
    app.report(href(&cluster), report("a", 1, &DONE)).await.status(201);
    app.delete(href(&cluster)).await.status(202);
    app.report(href(&cluster), report("a", 1, &DONE)).await.status(201);
    app.report(href(&cluster), report("a", 2, &[("Available", "True"), ("Finalized", "False")]))
        .await
        .status(201);
    let waiting = app.get(href(&cluster)).await;
    assert_eq!(condition(&waiting.status(200).body, "Reconciled")["status"], "False");
    app.report(href(&cluster), report("a", 2, &[("Available", "True"), ("Finalized", "True")]))
        .await
        .status(201);
    gone(&app, &cluster).await;
}

async fn a_report_that_does_not_know_removes_nothing(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    app.report(href(&cluster), report("a", 1, &[("Available", "True")])).await.status(201);
    app.delete(href(&cluster)).await.status(202);
    let unknown = report("a", 2, &[("Available", "Unknown"), ("Finalized", "True")]);
    discarded(&app.report(href(&cluster), unknown).await, "unknown_availability");
    app.get(href(&cluster)).await.status(200);
}

async fn a_finalized_parent_waits_for_its_children_and_goes_with_the_last(app: TestApp) {
    let required =
        [("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "a"), ("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", "b")];
    let app = TestApp::with(app.engine, &required).await;
    let cluster = app.a_cluster().create().await;
    let first = app.a_node_pool(id(&cluster)).named("first").create().await;
    let second = app.a_node_pool(id(&cluster)).named("second").create().await;
    app.delete(href(&cluster)).await.status(202);
    app.advance(TimeDelta::minutes(1));
    app.report(href(&cluster), report("a", 2, &DONE)).await.status(201);
    let waiting = app.get(href(&cluster)).await;
    let reconciled = condition(&waiting.status(200).body, "Reconciled");
    assert_eq!(reconciled["status"], "False");
    assert_eq!(reconciled["reason"], "ReconciledWaitingForChildren");
    app.report(href(&first), report("b", 2, &DONE)).await.status(201);
    gone(&app, &first).await;
    app.get(href(&cluster)).await.status(200);
    let flat = format!("nodepools/{}", id(&second));
    app.report(&flat, report("b", 2, &DONE)).await.status(201);
    gone(&app, &second).await;
    gone(&app, &cluster).await;
}

async fn a_parent_that_nobody_else_waits_for_goes_with_its_last_child(app: TestApp) {
    let app = TestApp::with(app.engine, &[("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", "b")]).await;
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    let deleted = app.delete(href(&cluster)).await;
    assert_eq!(deleted.status(202).at("/generation"), 2);
    app.get(href(&cluster)).await.status(200).body(&deleted.body);
    app.report(href(&pool), report("b", 2, &DONE)).await.status(201);
    gone(&app, &pool).await;
    gone(&app, &cluster).await;
}

async fn a_child_that_was_going_before_is_waited_for(app: TestApp) {
    let app = TestApp::with(app.engine, &[("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", "b")]).await;
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    app.delete(href(&pool)).await.status(202);
    app.delete(href(&cluster)).await.status(202);
    for resource in [&cluster, &pool] {
        assert_eq!(app.get(href(resource)).await.status(200).at("/generation"), 2, "its adapter cleans up");
    }
    app.report(href(&pool), report("b", 2, &DONE)).await.status(201);
    gone(&app, &pool).await;
    gone(&app, &cluster).await;
}

async fn a_child_that_goes_leaves_a_parent_that_is_not_done(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    app.report(href(&cluster), report("a", 1, &[("Available", "True")])).await.status(201);
    let pool = app.a_node_pool(id(&cluster)).create().await;
    app.report(href(&pool), report("b", 1, &[("Available", "True")])).await.status(201);
    app.delete(href(&cluster)).await.status(202);
    app.report(href(&pool), report("b", 2, &DONE)).await.status(201);
    gone(&app, &pool).await;
    let parent = app.get(href(&cluster)).await;
    assert_eq!(parent.status(200).at("/name"), &json!("alpha"));
    app.report(href(&cluster), report("a", 2, &DONE)).await.status(201);
    gone(&app, &cluster).await;
}

/// With another isolation level, an earlier version could leave a node pool that is not marked for deletion in a
/// finalizing cluster.
async fn a_child_that_was_left_behind_takes_its_parent_along(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    let database = Database::connect(&app.database_url).await.expect("the database");
    let left =
        "UPDATE clusters SET deleted_time = updated_time, deleted_by = 'them', generation = 2, revision = 2";
    database.execute_unprepared(left).await.expect("a change");
    database.close().await.expect("a close");
    app.get(href(&pool)).await.status(200);
    app.delete(href(&pool)).await.status(202);
    gone(&app, &pool).await;
    gone(&app, &cluster).await;
}

/// A deletion may become complete because fewer adapters are required than before. The resource is removed by the
/// next report that is not discarded.
async fn a_discarded_report_removes_nothing_that_is_done(app: TestApp) {
    let both = app.replica(&[("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "a,b")]).await;
    let one = app.replica(&[("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "a")]).await;
    let cluster = both.a_cluster().create().await;
    both.delete(href(&cluster)).await.status(202);
    both.report(href(&cluster), report("a", 2, &DONE)).await.status(201);
    discarded(&one.report(href(&cluster), report("a", 1, &DONE)).await, "older_generation");
    one.get(href(&cluster)).await.status(200);
    one.report(href(&cluster), report("a", 2, &DONE)).await.status(201);
    gone(&one, &cluster).await;
}
