//! Forced deletions, which wait for no adapter.

use crate::harness::{TestApp, report};
use crate::statuses::{href, id};
use serde_json::json;

crate::engines![
    force_removes_the_whole_tree_of_what_is_going,
    force_on_the_last_node_pool_removes_the_parent_that_waited_for_it,
    force_on_a_node_pool_leaves_its_siblings,
    force_is_for_what_is_going_only,
    a_reason_may_be_as_long_as_1024_characters,
];

const WAITING: [(&str, &str); 2] =
    [("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "a"), ("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", "b")];

/// Forces the deletion of the resource at `path`.
async fn force(app: &TestApp, path: &str) -> crate::harness::Answer {
    app.post(&format!("{path}/force-delete"), json!({"reason": "the account is closed"})).await
}

async fn force_removes_the_whole_tree_of_what_is_going(app: TestApp) {
    let app = TestApp::with(app.engine, &WAITING).await;
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    let other = app.a_cluster().named("other").create().await;
    let others = app.a_node_pool(id(&other)).create().await;
    app.report(href(&pool), report("b", 1, &[("Available", "True")])).await.status(201);
    app.delete(href(&cluster)).await.status(202);
    let answer = force(&app, href(&cluster)).await;
    answer.status(204);
    assert_eq!(answer.text, "");
    for gone in [&cluster, &pool] {
        app.get(href(gone)).await.problem(404, "HYPERFLEET-NTF-001");
        force(&app, href(gone)).await.problem(404, "HYPERFLEET-NTF-001");
    }
    for left in [&other, &others] {
        app.get(href(left)).await.status(200).body(left);
    }
}

async fn force_on_the_last_node_pool_removes_the_parent_that_waited_for_it(app: TestApp) {
    let app = TestApp::with(app.engine, &WAITING).await;
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    app.delete(href(&cluster)).await.status(202);
    let done = report("a", 2, &[("Available", "False"), ("Finalized", "True")]);
    app.report(href(&cluster), done).await.status(201);
    force(&app, &format!("nodepools/{}", id(&pool))).await.status(204);
    app.get(href(&cluster)).await.problem(404, "HYPERFLEET-NTF-001");
}

async fn force_on_a_node_pool_leaves_its_siblings(app: TestApp) {
    let app = TestApp::with(app.engine, &WAITING).await;
    let cluster = app.a_cluster().create().await;
    let first = app.a_node_pool(id(&cluster)).named("first").create().await;
    let second = app.a_node_pool(id(&cluster)).named("second").create().await;
    app.delete(href(&first)).await.status(202);
    force(&app, href(&first)).await.status(204);
    app.get(href(&first)).await.problem(404, "HYPERFLEET-NTF-001");
    app.get(href(&second)).await.status(200).body(&second);
    app.get(href(&cluster)).await.status(200).body(&cluster);
}

async fn force_is_for_what_is_going_only(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    for resource in [&cluster, &pool] {
        force(&app, href(resource)).await.problem(409, "HYPERFLEET-CNF-003");
        app.get(href(resource)).await.status(200).body(resource);
    }
}

async fn a_reason_may_be_as_long_as_1024_characters(app: TestApp) {
    let app = TestApp::with(app.engine, &WAITING).await;
    for (name, reason) in [("long", "ä".repeat(1024)), ("short", "x".into())] {
        let cluster = app.a_cluster().named(&format!("{name}-reason")).create().await;
        app.delete(href(&cluster)).await.status(202);
        let path = format!("{}/force-delete", href(&cluster));
        app.post(&path, json!({"reason": reason})).await.status(204);
    }
}
