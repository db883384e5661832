//! The effects of a DELETE, and the operations that remain possible after it.

use crate::harness::{TestApp, report};
use crate::statuses::{condition, href, id};
use chrono::TimeDelta;
use serde_json::json;

crate::engines![
    a_resource_nobody_waits_for_goes_at_once,
    a_resource_with_adapters_stays_visible_while_it_goes,
    a_request_for_deletion_cascades_to_the_node_pools,
    a_repeated_request_changes_nothing,
    what_is_going_can_be_neither_changed_nor_given_children,
    what_is_going_still_takes_reports,
    the_name_of_what_is_going_is_free,
    a_node_pool_goes_without_its_cluster,
    a_deleted_resource_takes_its_reports_and_labels_along,
];

const WAITING: [(&str, &str); 2] =
    [("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "a"), ("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", "b")];

async fn a_resource_nobody_waits_for_goes_at_once(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    app.advance(TimeDelta::minutes(1));
    let answer = app.delete(href(&cluster)).await;
    assert_eq!(answer.status(202).at("/deleted_time"), "2026-01-02T03:05:05.678901Z");
    assert_eq!(answer.at("/deleted_by"), "system@hyperfleet.local");
    assert_eq!(answer.at("/generation"), 2);
    for gone in [&cluster, &pool] {
        app.get(href(gone)).await.problem(404, "HYPERFLEET-NTF-001");
        app.get(&format!("{}/statuses", href(gone))).await.problem(404, "HYPERFLEET-NTF-001");
        app.delete(href(gone)).await.problem(404, "HYPERFLEET-NTF-001");
    }
    assert_eq!(app.get("clusters").await.status(200).at("/total"), 0);
    assert_eq!(app.get("nodepools").await.status(200).at("/total"), 0);
}

async fn a_resource_with_adapters_stays_visible_while_it_goes(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    assert_eq!((cluster.get("deleted_time"), cluster.get("deleted_by")), (None, None));
    app.report(href(&cluster), report("dns", 1, &[("Available", "True")])).await.status(201);
    app.advance(TimeDelta::minutes(1));
    let deleted = app.delete(href(&cluster)).await;
    assert_eq!(deleted.status(202).at("/generation"), 2);
    assert_eq!(deleted.at("/deleted_time"), "2026-01-02T03:05:05.678901Z");
    assert_eq!(deleted.at("/status/phase"), "NotReady");
    let message = condition(&deleted.body, "Reconciled")["message"].as_str().expect("a message");
    assert!(message.contains("Finalized=True: [dns]"), "{message}");
    app.get(href(&cluster)).await.status(200).body(&deleted.body);
    let list = app.get("clusters").await;
    assert_eq!(list.status(200).at("/items/0"), &deleted.body);
    let found = app.list("clusters", &[("search", "deleted_time is not null")]).await;
    assert_eq!(found.status(200).names(), ["alpha"]);
}

async fn a_request_for_deletion_cascades_to_the_node_pools(app: TestApp) {
    let app = TestApp::with(app.engine, &WAITING).await;
    let cluster = app.a_cluster().create().await;
    let first = app.a_node_pool(id(&cluster)).named("first").create().await;
    let second = app.a_node_pool(id(&cluster)).named("second").create().await;
    app.advance(TimeDelta::minutes(1));
    app.delete(href(&second)).await.status(202);
    let before = app.get(href(&second)).await;
    app.advance(TimeDelta::minutes(1));
    let deleted = app.delete(href(&cluster)).await;
    let first = app.get(href(&first)).await;
    assert_eq!(first.status(200).at("/deleted_time"), deleted.status(202).at("/deleted_time"));
    assert_eq!(first.at("/deleted_by"), deleted.at("/deleted_by"));
    assert_eq!(first.at("/generation"), 2);
    assert_eq!(condition(&first.body, "Reconciled")["observed_generation"], 2);
    // A node pool that was already finalizing is unchanged.
    app.get(href(&second)).await.status(200).body(&before.body);
}

async fn a_repeated_request_changes_nothing(app: TestApp) {
    let app = TestApp::with(app.engine, &WAITING).await;
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    for resource in [&pool, &cluster] {
        let first = app.delete(href(resource)).await;
        app.advance(TimeDelta::minutes(1));
        let second = app.delete(href(resource)).await;
        second.status(202).body(&first.body);
        assert_eq!(second.header("etag"), first.header("etag"));
        app.get(href(resource)).await.status(200).body(&first.body);
    }
}

async fn what_is_going_can_be_neither_changed_nor_given_children(app: TestApp) {
    let app = TestApp::with(app.engine, &WAITING).await;
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    app.delete(href(&cluster)).await.status(202);
    let flat = format!("nodepools/{}", id(&pool));
    for path in [href(&cluster), href(&pool), &flat] {
        for body in [json!({"spec": {"x": 1}}), json!({"labels": {}})] {
            app.patch(path, body).await.problem(409, "HYPERFLEET-CNF-003");
        }
    }
    let new = json!({"name": "another", "spec": {}});
    app.post(&format!("{}/nodepools", href(&cluster)), new).await.problem(409, "HYPERFLEET-CNF-003");
}

async fn what_is_going_still_takes_reports(app: TestApp) {
    let app = TestApp::with(app.engine, &WAITING).await;
    let cluster = app.a_cluster().create().await;
    app.delete(href(&cluster)).await.status(202);
    app.report(href(&cluster), report("a", 2, &[("Available", "False")])).await.status(201);
    app.report(href(&cluster), report("x", 1, &[("Finalized", "True")])).await.status(201);
    assert_eq!(app.get(&format!("{}/statuses", href(&cluster))).await.status(200).at("/total"), 2);
}

async fn the_name_of_what_is_going_is_free(app: TestApp) {
    let app = TestApp::with(app.engine, &WAITING).await;
    let old = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&old)).create().await;
    app.delete(href(&pool)).await.status(202);
    let next = app.a_node_pool(id(&old)).create().await;
    assert_ne!(next["id"], pool["id"]);
    app.delete(href(&old)).await.status(202);
    let new = app.a_cluster().create().await;
    assert_ne!(new["id"], old["id"]);
    let named = app.list("clusters", &[("search", "name = 'alpha'")]).await;
    assert_eq!(named.status(200).at("/total"), 2);
    let taken = app.post("clusters", json!({"name": "alpha", "spec": {}})).await;
    taken.problem(409, "HYPERFLEET-CNF-001");
    assert_eq!(taken.at("/errors/0/value"), &new["id"]);
}

async fn a_node_pool_goes_without_its_cluster(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let nested = app.a_node_pool(id(&cluster)).named("nested").create().await;
    let flat = app.a_node_pool(id(&cluster)).named("flat").create().await;
    app.delete(href(&nested)).await.status(202);
    app.delete(&format!("nodepools/{}", id(&flat))).await.status(202);
    assert_eq!(app.get("nodepools").await.status(200).at("/total"), 0);
    app.get(href(&cluster)).await.status(200).body(&cluster);
}

async fn a_deleted_resource_takes_its_reports_and_labels_along(app: TestApp) {
    use sea_orm::ConnectionTrait;
    let cluster = app.a_cluster().labelled("env", "test").create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    for resource in [&pool, &cluster] {
        app.patch(href(resource), json!({"labels": {"env": "other"}})).await.status(200);
        app.report(href(resource), report("dns", 2, &[("Available", "True")])).await.status(201);
    }
    app.delete(href(&cluster)).await.status(202);
    app.post(&format!("{}/force-delete", href(&cluster)), json!({"reason": "it must go"})).await.status(204);
    let database = sea_orm::Database::connect(&app.database_url).await.expect("the database");
    let backend = database.get_database_backend();
    for table in ["clusters", "node_pools", "labels", "adapter_statuses"] {
        let count = sea_orm::Statement::from_string(backend, format!("SELECT COUNT(*) AS n FROM {table}"));
        let row = database.query_one_raw(count).await.expect("a query").expect("a row");
        assert_eq!(row.try_get::<i64>("", "n").expect("a number"), 0, "{table}");
    }
}
