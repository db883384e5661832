//! Field selection: responses that contain only some fields of each resource.

use crate::harness::{TestApp, report};
use crate::statuses::{href, id};
use serde_json::json;

crate::engines![
    only_the_fields_asked_for_are_shown_and_the_id,
    fields_may_be_repeated_and_nested,
    a_read_shows_the_fields_asked_for,
];

async fn only_the_fields_asked_for_are_shown_and_the_id(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let list = app.list("clusters", &[("fields", "name,generation")]).await;
    let item = json!({"id": cluster["id"], "name": "alpha", "generation": 1});
    list.status(200).list(&json!({"kind": "ClusterList", "page": 1, "size": 1, "total": 1, "items": [item]}));
    let pool = app.a_node_pool(id(&cluster)).create().await;
    let path = format!("{}/nodepools", href(&cluster));
    let list = app.list(&path, &[("fields", "owner_references.id")]).await;
    let item = json!({"id": pool["id"], "owner_references": {"id": cluster["id"]}});
    assert_eq!(list.status(200).at("/items"), &json!([item]));
}

async fn fields_may_be_repeated_and_nested(app: TestApp) {
    let spec = json!({"region": "eu", "network": {"cidr": "10.0.0.0/8", "mtu": 1500}});
    let cluster = app.a_cluster().labelled("env", "test").spec(spec).create().await;
    app.report(href(&cluster), report("dns", 1, &[("Available", "True")])).await.status(201);
    for (fields, expected) in [
        (vec![("fields", "spec.network.mtu")], json!({"spec": {"network": {"mtu": 1500}}})),
        (vec![("fields", "labels"), ("fields", "name")], json!({"labels": {"env": "test"}, "name": "alpha"})),
        (vec![("fields", "labels.env")], json!({"labels": {"env": "test"}})),
        (vec![("fields", "status.phase")], json!({"status": {"phase": "Ready"}})),
        (vec![("fields", "status.adapters.adapter")], json!({"status": {"adapters": [{"adapter": "dns"}]}})),
        (vec![("fields", "deleted_time")], json!({})),
        (vec![("fields", " name , kind ")], json!({"name": "alpha", "kind": "Cluster"})),
    ] {
        let mut expected = expected;
        expected["id"] = cluster["id"].clone();
        let list = app.list("clusters", &fields).await;
        assert_eq!(list.status(200).at("/items/0"), &expected, "{fields:?}");
    }
}

async fn a_read_shows_the_fields_asked_for(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let read = app.list(href(&cluster), &[("fields", "created_time,status.conditions.type")]).await;
    read.status(200).body(&json!({
        "id": cluster["id"], "created_time": cluster["created_time"],
        "status": {"conditions": [{"type": "Reconciled"}, {"type": "LastKnownReconciled"}]},
    }));
    assert_eq!(read.header("etag"), app.get(href(&cluster)).await.header("etag"));
}
