//! Create, PATCH and the comparison of JSON.

use serde_json::json;

use super::super::{Expected, json_contains, json_equal};
use super::support::{at, body, id, model, text, with_cluster};

#[test]
fn a_new_cluster_is_complete() {
    let mut model = model(&["a"], &[]);
    let sent = json!({ "name": "alpha", "spec": { "nodes": 1 }, "labels": { "env": "test" }, "extra": 1 });
    let answer = model.create_cluster(at(0), id(1), &sent);
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({ "type": kind, "status": "False", "reason": reason, "message": message, "observed_generation": 1,
            "created_time": text(0), "last_updated_time": text(0), "last_transition_time": text(0) })
    };
    let not_reported = "Required adapters not reporting Available=True: [a]. Currently reporting: []";
    let expected = json!({
        "id": "00000000-0000-0000-0000-000000000001",
        "kind": "Cluster",
        "name": "alpha",
        "href": "/api/hyperfleet/v1/clusters/00000000-0000-0000-0000-000000000001",
        "spec": { "nodes": 1 },
        "labels": { "env": "test" },
        "generation": 1,
        "created_time": text(0),
        "updated_time": text(0),
        "created_by": "system@hyperfleet.local",
        "updated_by": "system@hyperfleet.local",
        "status": {
            "phase": "NotReady",
            "observed_generation": 0,
            "last_updated_time": text(0),
            "last_transition_time": text(0),
            "conditions": [
                condition("Reconciled", "ReconciledMissingAdapters", not_reported),
                condition("LastKnownReconciled", "AdaptersMissingReports",
                    "Required adapters have not yet reported status"),
            ],
            "adapters": [],
        },
    });
    assert_eq!(answer, Expected::found(201, expected.clone()));
    assert_eq!(body(&model, 1), expected);
}

#[test]
fn a_node_pool_names_its_owner() {
    let mut model = with_cluster(model(&[], &[]));
    let sent = json!({ "kind": "NodePool", "name": "workers", "spec": {} });
    let body = model.create_node_pool(at(1), id(1), id(2), &sent).body.expect("the node pool");
    let owner = "00000000-0000-0000-0000-000000000001";
    let owner_href = format!("/api/hyperfleet/v1/clusters/{owner}");
    let expected = json!({ "id": owner, "kind": "Cluster", "href": owner_href });
    assert_eq!(body["owner_references"], expected);
    assert_eq!(body["href"], format!("{owner_href}/nodepools/00000000-0000-0000-0000-000000000002"));
    assert_eq!(body["labels"], json!({}));
    assert_eq!(model.create_node_pool(at(1), id(1), id(3), &sent), Expected::name_taken(id(2)));
    assert_eq!(model.create_node_pool(at(1), id(2), id(3), &sent), Expected::not_found());
}

#[test]
fn faulty_bodies_are_refused() {
    let mut model = with_cluster(model(&[], &[]));
    let creates = [
        json!({ "name": "ab", "spec": {} }),
        json!({ "name": "a".repeat(54), "spec": {} }),
        json!({ "name": "Alpha", "spec": {} }),
        json!({ "name": "alpha-", "spec": {} }),
        json!({ "name": "beta" }),
        json!({ "name": "beta", "spec": [] }),
        json!({ "kind": "NodePool", "name": "beta", "spec": {} }),
        json!({ "name": "beta", "spec": {}, "labels": { "-env": "x" } }),
        json!({ "name": "beta", "spec": {}, "labels": { "Example.com/env": "x" } }),
        json!({ "name": "beta", "spec": {}, "labels": { "env": "a b" } }),
    ];
    for sent in creates {
        let answer = model.create_cluster(at(1), id(2), &sent);
        assert_eq!(answer, Expected::refused(400, "HYPERFLEET-VAL-000"), "{sent}");
    }
    let patches = [
        (json!({}), "HYPERFLEET-VAL-005"),
        (json!({ "spec": null }), "HYPERFLEET-VAL-005"),
        (json!({ "spec": 1 }), "HYPERFLEET-VAL-000"),
        (json!({ "spec": {}, "name": "beta" }), "HYPERFLEET-VAL-000"),
        (json!({ "labels": { "env": "-" } }), "HYPERFLEET-VAL-000"),
    ];
    for (sent, code) in patches {
        assert_eq!(model.patch(at(1), id(1), &sent), Expected::refused(400, code), "{sent}");
    }
    assert_eq!(model.ids(), [id(1)]);
}

#[test]
fn only_a_real_change_raises_the_generation() {
    let mut model = with_cluster(model(&[], &[]));
    let before = body(&model, 1);
    let same = json!({ "spec": { "nodes": 1.0 }, "labels": {} });
    assert_eq!(model.patch(at(1), id(1), &same), Expected::found(200, before));
    let both = json!({ "spec": { "nodes": 2 }, "labels": { "env": "test" } });
    let changed = model.patch(at(2), id(1), &both).body.expect("the cluster");
    assert_eq!((&changed["generation"], &changed["updated_time"]), (&json!(2), &text(2)));
    let cleared =
        model.patch(at(3), id(1), &json!({ "spec": null, "labels": {} })).body.expect("the cluster");
    assert_eq!((&cleared["spec"], &cleared["labels"]), (&json!({ "nodes": 2 }), &json!({})));
    assert_eq!((&cleared["generation"], &cleared["created_time"]), (&json!(3), &text(0)));
}

#[test]
fn json_is_compared_by_value() {
    let big = 9_007_199_254_740_993_i64;
    assert!(json_equal(&json!({ "a": [1, 0.5], "b": null }), &json!({ "b": null, "a": [1.0, 0.5] })));
    assert!(!json_equal(&json!(big), &json!(9_007_199_254_740_992_i64)));
    assert!(!json_equal(&json!(big), &json!(9_007_199_254_740_992.0)));
    assert!(!json_equal(&json!(u64::MAX), &json!(18_446_744_073_709_551_616.0)));
    assert!(!json_equal(&json!({ "a": null }), &json!({})));
    assert!(!json_equal(&json!([1, 2]), &json!([2, 1])));
    assert!(json_contains(&json!({ "a": 1, "b": [{ "c": 1, "d": 2 }] }), &json!({ "b": [{ "c": 1.0 }] })));
    assert!(!json_contains(&json!({ "a": 1 }), &json!({ "a": 1, "b": 2 })));
}
