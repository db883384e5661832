//! The texts of errors. `detail` alone must be enough to correct the request.

use crate::harness::TestApp;
use crate::statuses::href;
use serde_json::json;

crate::engines![
    the_detail_of_wrong_parameters_tells_what_is_wrong,
    the_detail_of_a_wrong_body_tells_what_is_wrong,
    all_missing_mandatory_conditions_are_named,
];

async fn the_detail_of_wrong_parameters_tells_what_is_wrong(app: TestApp) {
    for (parameters, code, detail) in [
        (&[("page", "0")][..], "HYPERFLEET-VAL-000", "page must be at least 1"),
        (&[("total", "maybe")], "HYPERFLEET-VAL-000", "total must be true or false"),
        (&[("page", "0"), ("size", "x")], "HYPERFLEET-VAL-000", "Invalid parameters: page, size"),
        (&[("search", "nope"), ("order", "x")], "HYPERFLEET-VAL-005", "Invalid parameters: order, search"),
        (&[("search", "nope"), ("page", "0")], "HYPERFLEET-VAL-000", "Invalid parameters: page, search"),
        (
            &[("search", "name = 'ü' and generation = 'x'")],
            "HYPERFLEET-VAL-005",
            "Invalid search: at character 29: expected an integer of at most 64 bits, found `'x'`",
        ),
        (
            &[("search", "generation = 1 and status.conditions.Reconciled.status = 'True'")],
            "HYPERFLEET-VAL-005",
            "Invalid search: at character 49: expected `last_updated_time`, `last_transition_time`, \
             `observed_generation` or `reason`, found `status`",
        ),
        (
            &[("order", "name down")],
            "HYPERFLEET-VAL-005",
            "Invalid order: 'down' is not a direction; use asc or desc",
        ),
        (&[("cursor", "abc")], "HYPERFLEET-VAL-005", "Invalid cursor: the cursor cannot be read"),
    ] {
        let refused = app.list("clusters", parameters).await;
        assert_eq!(refused.problem(400, code).at("/detail"), detail, "{parameters:?}");
    }
    let order = app.list("clusters", &[("order", "foo")]).await.text_at("/detail");
    assert!(order.starts_with("Invalid order: cannot order by 'foo'; use one of: id, name, "), "{order}");
    let fields = app.list("clusters", &[("fields", "foo")]).await.text_at("/detail");
    assert!(fields.starts_with("Invalid fields: unknown field 'foo'; use one of: created_by, "), "{fields}");
    let since = app.list("changes", &[("since", "x")]).await;
    assert_eq!(since.at("/detail"), "since must be `now` or a position returned by this API");
}

async fn the_detail_of_a_wrong_body_tells_what_is_wrong(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let time =
        "observed_time must be a date and time of RFC 3339 with a time zone, like 2026-01-31T12:00:00Z";
    for (change, detail) in [
        (json!({}), "At least one field must be provided for update: spec or labels"),
        (json!({ "name": "x" }), "name cannot be changed; a change may contain only spec and labels"),
        (json!({ "a b": 1 }), "[\"a b\"] is not allowed here"),
        (
            json!({ "labels": null }),
            "At least one field must be provided for update: spec or labels; null leaves a field as it is. To remove \
             labels send {}, or a merge patch as application/merge-patch+json",
        ),
    ] {
        assert_eq!(app.patch(href(&cluster), change).await.status(400).at("/detail"), detail);
    }
    let create = json!({ "name": "other", "kind": "cluster", "spec": {} });
    assert_eq!(app.post("clusters", create).await.status(400).at("/detail"), "kind must be \"Cluster\"");
    let report = json!({ "adapter": "dns", "observed_generation": 1, "conditions": [], "observed_time": "2026-01-31" });
    assert_eq!(app.report(href(&cluster), report).await.status(400).at("/detail"), time);
    let removal = app.post(&format!("{}/force-delete", href(&cluster)), json!({ "reason": "test" })).await;
    let detail = removal.problem(409, "HYPERFLEET-CNF-003").text_at("/detail");
    assert!(detail.ends_with("it is not marked for deletion; DELETE it first"), "{detail}");
}

async fn all_missing_mandatory_conditions_are_named(app: TestApp) {
    let mandatory = ("HYPERFLEET_ADAPTERS_MANDATORY_CONDITIONS", "Available,Applied,Health");
    let app = TestApp::with(app.engine, &[mandatory]).await;
    let cluster = app.a_cluster().create().await;
    let applied = json!([{ "type": "Applied", "status": "True" }]);
    let report = json!({ "adapter": "dns", "observed_generation": 1, "conditions": applied });
    let detail = app.report(href(&cluster), report).await.status(400).text_at("/detail");
    let named = "missing mandatory conditions 'Available', 'Health'; every report must carry Available, Applied, Health";
    assert_eq!(detail, named);
}
