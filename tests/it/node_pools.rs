//! Node pools: behavior shared with clusters, and the relation to their cluster.

use crate::harness::TestApp;
use crate::statuses::{href, id};
use chrono::TimeDelta;
use serde_json::json;

crate::engines![
    a_node_pool_belongs_to_its_cluster,
    a_node_pool_is_the_same_by_both_of_its_paths,
    names_are_unique_within_a_cluster_only,
    a_name_has_3_to_15_characters,
    a_node_pool_counts_its_own_generations,
    all_node_pools_are_listed_at_one_place,
];

async fn a_node_pool_belongs_to_its_cluster(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    app.advance(TimeDelta::minutes(1));
    let body = json!({"name": "workers", "spec": {"replicas": 3}, "labels": {"env": "test"}});
    let pool = app.post(&format!("{}/nodepools", href(&cluster)), body).await;
    let id = pool.status(201).text_at("/id");
    let now = "2026-01-02T03:05:05.678901Z";
    let mut expected = json!({
        "id": id, "kind": "NodePool", "name": "workers", "generation": 1, "spec": {"replicas": 3},
        "labels": {"env": "test"}, "href": format!("{}/nodepools/{id}", href(&cluster)),
        "owner_references": {"id": cluster["id"], "kind": "Cluster", "href": cluster["href"]},
        "created_time": now, "updated_time": now,
        "created_by": "system@hyperfleet.local", "updated_by": "system@hyperfleet.local",
    });
    expected["status"] = pool.at("/status").clone();
    pool.body(&expected);
    assert_eq!(pool.at("/status/last_updated_time"), now);
    // The cluster is unchanged.
    app.get(href(&cluster)).await.status(200).body(&cluster);
}

async fn a_node_pool_is_the_same_by_both_of_its_paths(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    let flat = format!("nodepools/{}", id(&pool));
    app.get(&flat).await.status(200).body(&pool);
    app.get(href(&pool)).await.status(200).body(&pool);
    let patched = app.patch(&flat, json!({"spec": {"replicas": 4}})).await;
    assert_eq!(patched.status(200).at("/generation"), 2);
    assert_eq!(patched.at("/href"), href(&pool));
    let again = app.patch(href(&pool), json!({"spec": {"replicas": 4}})).await;
    again.status(200).body(&patched.body);
    app.delete(&flat).await.status(202);
    app.get(href(&pool)).await.problem(404, "HYPERFLEET-NTF-001");
}

async fn names_are_unique_within_a_cluster_only(app: TestApp) {
    let first = app.a_cluster().named("first").create().await;
    let second = app.a_cluster().named("second").create().await;
    for cluster in [&first, &second] {
        app.a_node_pool(id(cluster)).named("first").create().await;
    }
    for cluster in [&first, &second] {
        let path = format!("{}/nodepools", href(cluster));
        let own = app.get(&path).await.status(200).text_at("/items/0/id");
        let again = app.post(&path, json!({"name": "first", "spec": {}})).await;
        again.problem(409, "HYPERFLEET-CNF-001");
        assert_eq!(again.at("/errors/0/value"), &json!(own));
    }
}

async fn a_name_has_3_to_15_characters(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    for name in ["abc", "0-9", &"a".repeat(15)] {
        app.a_node_pool(id(&cluster)).named(name).create().await;
    }
}

async fn a_node_pool_counts_its_own_generations(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    app.patch(href(&cluster), json!({"spec": {}})).await.status(200);
    app.get(href(&pool)).await.status(200).body(&pool);
    app.patch(href(&pool), json!({"labels": {"a": "b"}})).await.status(200);
    assert_eq!(app.get(href(&cluster)).await.at("/generation"), 2);
    assert_eq!(app.get(href(&pool)).await.at("/generation"), 2);
}

async fn all_node_pools_are_listed_at_one_place(app: TestApp) {
    for name in ["first", "second"] {
        let cluster = app.a_cluster().named(name).create().await;
        app.a_node_pool(id(&cluster)).named(&format!("of-{name}")).create().await;
    }
    let all = app.list("nodepools", &[("order", "name")]).await;
    assert_eq!(all.status(200).names(), ["of-first", "of-second"]);
}
