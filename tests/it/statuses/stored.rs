//! The effects of a report that is stored.

use super::{href, id};
use crate::harness::{TestApp, report};
use chrono::TimeDelta;
use serde_json::json;

crate::engines![
    a_report_is_returned_as_it_was_sent,
    the_readmes_condition_form_is_accepted_as_written,
    a_transition_time_moves_only_when_the_status_changes,
    a_type_that_is_no_longer_reported_disappears,
    the_versions_of_an_adapter_are_those_of_its_last_report,
    reports_are_listed_with_their_envelope,
    a_report_changes_neither_generation_nor_updated_time,
];

async fn a_report_is_returned_as_it_was_sent(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let data = json!({"vpc": {"id": "vpc-1", "subnets": [1, 2.5, null, true]}, "empty": {}, "x": 1});
    let metadata = json!({"job_name": "dns-1", "attempt": 2, "anything": {"a": [1]}});
    let body = json!({
        "adapter": "dns", "observed_generation": 1, "observed_time": "2026-01-02T04:03:05.678901+01:00",
        "conditions": [
            {"type": "Available", "status": "True", "reason": "AllGood", "message": "Zürich ☃ answers"},
            {"type": "Progressing", "status": "False"},
        ],
        "data": data, "metadata": metadata,
        "adapter_config_version": "2026.11-é", "adapter_framework_version": "v1.4.0",
    });
    let answer = app.report(href(&cluster), body).await;
    let seen = "2026-01-02T03:03:05.678901Z";
    answer.status(201).body(&json!({
        "adapter": "dns", "observed_generation": 1, "observed_time": seen,
        "created_time": seen, "last_report_time": seen, "data": data, "metadata": metadata,
        "adapter_config_version": "2026.11-é", "adapter_framework_version": "v1.4.0",
        "conditions": [
            {"type": "Available", "status": "True", "reason": "AllGood", "message": "Zürich ☃ answers",
             "adapter": "dns", "observed_generation": 1, "created_at": seen, "updated_at": seen,
             "last_transition_time": seen},
            {"type": "Progressing", "status": "False", "adapter": "dns", "observed_generation": 1,
             "created_at": seen, "updated_at": seen, "last_transition_time": seen},
        ],
    }));
    let list = app.get(&format!("{}/statuses", href(&cluster))).await;
    assert_eq!(list.status(200).at("/items/0"), &answer.body);
    let short = app.report(href(&cluster), report("short", 1, &[])).await;
    assert_eq!(short.status(201).at("/data"), &json!({}));
    for absent in ["metadata", "adapter_config_version", "adapter_framework_version"] {
        assert_eq!(short.body.get(absent), None, "{absent}");
    }
    assert_eq!(short.at("/conditions"), &json!([]));
}

async fn the_readmes_condition_form_is_accepted_as_written(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let body = json!({
        "adapter": "dns-adapter", "observed_generation": 1,
        "conditions": [{
            "adapter": "dns-adapter", "type": "Ready", "status": "True", "observed_generation": 1,
            "reason": "ClusterProvisioned", "message": "Cluster successfully provisioned",
            "created_at": "2025-11-17T15:04:05Z", "updated_at": "2025-11-17T15:04:06Z",
        }],
        "data": {},
    });
    let answer = app.post(&format!("clusters/{}/statuses", id(&cluster)), body).await;
    answer.status(201);
    for (pointer, value) in [
        ("/adapter", "dns-adapter"),
        ("/created_time", "2026-01-02T03:04:05.678901Z"),
        ("/last_report_time", "2026-01-02T03:04:05.678901Z"),
        ("/conditions/0/adapter", "dns-adapter"),
        ("/conditions/0/created_at", "2025-11-17T15:04:05.000000Z"),
        ("/conditions/0/updated_at", "2025-11-17T15:04:06.000000Z"),
        ("/conditions/0/last_transition_time", "2026-01-02T03:04:05.678901Z"),
        ("/conditions/0/reason", "ClusterProvisioned"),
    ] {
        assert_eq!(answer.at(pointer), value, "{pointer}");
    }
    let cluster = app.get(href(&cluster)).await;
    assert_eq!(cluster.at("/status/phase"), "Ready");
    assert_eq!(cluster.at("/status/conditions/2/reason"), "ClusterProvisioned");
}

async fn a_transition_time_moves_only_when_the_status_changes(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let send = async |status| {
        let answer =
            app.report(href(&cluster), report("dns", 1, &[("Available", status), ("Health", "True")])).await;
        let transition =
            |index| answer.status(201).text_at(&format!("/conditions/{index}/last_transition_time"));
        for first in ["/created_time", "/conditions/0/created_at", "/conditions/1/created_at"] {
            assert_eq!(answer.at(first), "2026-01-02T03:04:05.678901Z", "{first}");
        }
        assert_eq!(answer.at("/conditions/0/updated_at"), answer.at("/last_report_time"));
        (transition(0), transition(1), answer.text_at("/last_report_time"))
    };
    let minute = |minute: u32| format!("2026-01-02T03:{minute:02}:05.678901Z");
    assert_eq!(send("True").await, (minute(4), minute(4), minute(4)));
    app.advance(TimeDelta::minutes(1));
    assert_eq!(send("True").await, (minute(4), minute(4), minute(5)));
    app.advance(TimeDelta::minutes(1));
    assert_eq!(send("False").await, (minute(6), minute(4), minute(6)));
    app.advance(TimeDelta::minutes(1));
    assert_eq!(send("False").await, (minute(6), minute(4), minute(7)));
}

async fn a_type_that_is_no_longer_reported_disappears(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let first = report("dns", 1, &[("Available", "True"), ("Applied", "True")]);
    app.report(href(&cluster), first).await.status(201);
    app.report(href(&cluster), report("dns", 1, &[("Available", "True")])).await.status(201);
    let list = app.get(&format!("{}/statuses", href(&cluster))).await;
    let conditions = list.status(200).at("/items/0/conditions").as_array().expect("a list");
    assert_eq!(conditions.len(), 1);
}

async fn the_versions_of_an_adapter_are_those_of_its_last_report(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    for versions in [json!(["1", "2"]), json!(["3", null]), json!([null, ""])] {
        let mut body = report("dns", 1, &[("Available", "True")]);
        body["adapter_config_version"] = versions[0].clone();
        body["adapter_framework_version"] = versions[1].clone();
        app.report(href(&cluster), body).await.status(201);
        let list = app.get(&format!("{}/statuses", href(&cluster))).await;
        let told = |name| list.status(200).at("/items/0").get(name).cloned().unwrap_or_default();
        let kept = json!([told("adapter_config_version"), told("adapter_framework_version")]);
        assert_eq!(kept, versions);
    }
}

async fn reports_are_listed_with_their_envelope(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    for adapter in ["c", "a", "b"] {
        app.report(href(&cluster), report(adapter, 1, &[("Available", "True")])).await.status(201);
    }
    let path = format!("{}/statuses", href(&cluster));
    let adapters = |body: &serde_json::Value| -> Vec<String> {
        let items = body["items"].as_array().expect("items");
        items.iter().map(|item| item["adapter"].as_str().expect("a name").to_owned()).collect()
    };
    let all = app.get(&path).await;
    assert_eq!(all.status(200).at("/kind"), "AdapterStatusList");
    assert_eq!((all.at("/page"), all.at("/size"), all.at("/total")), (&json!(1), &json!(3), &json!(3)));
    assert_eq!(adapters(&all.body), ["a", "b", "c"]);
    let second = app.list(&path, &[("page", "2"), ("size", "2"), ("fields", "observed_generation")]).await;
    let items = json!([{"adapter": "c", "observed_generation": 1}]);
    second
        .status(200)
        .list(&json!({"kind": "AdapterStatusList", "page": 2, "size": 1, "total": 3, "items": items}));
    let beyond = app.list(&path, &[("page", "9")]).await;
    assert_eq!((beyond.status(200).at("/items"), beyond.at("/total")), (&json!([]), &json!(3)));
}

async fn a_report_changes_neither_generation_nor_updated_time(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    app.advance(TimeDelta::minutes(1));
    app.report(href(&cluster), report("dns", 1, &[("Available", "True")])).await.status(201);
    let after = app.get(href(&cluster)).await;
    for unmoved in ["generation", "updated_time", "updated_by", "created_time", "spec", "labels"] {
        assert_eq!(after.body[unmoved], cluster[unmoved], "{unmoved}");
    }
}
