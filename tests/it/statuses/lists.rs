//! Lists of reports behave like the other lists.

use super::{href, id};
use crate::harness::{Answer, TestApp, report};
use chrono::TimeDelta;
use serde_json::{Value, json};

crate::engines![
    the_newest_adapter_comes_first_unless_said,
    reports_are_ordered_by_each_of_their_fields,
    reports_are_searched_by_their_fields_and_conditions,
    what_no_report_has_is_refused_with_what_there_is,
    a_walk_visits_each_report_exactly_once,
    a_cursor_is_good_for_the_reports_of_one_resource,
    without_total_no_report_is_counted,
    reports_of_a_resource_that_is_gone_are_not_found,
];

/// Creates a cluster at generation 2 with reports one second apart. Returns the cluster and the path of the reports.
async fn reported(app: &TestApp) -> (Value, String) {
    let cluster = app.a_cluster().create().await;
    app.patch(href(&cluster), json!({"spec": {}})).await.status(200);
    for (adapter, generation, available) in
        [("dns", 1, "True"), ("vpc", 2, "False"), ("cert", 2, "True"), ("Audit_2", 1, "False")]
    {
        let mut body = report(adapter, generation, &[("Available", available), ("Health", "True")]);
        if adapter == "vpc" {
            body["conditions"][0]["reason"] = json!("NoQuota");
            body["conditions"][1] = json!({"type": "Applied", "status": "Unknown"});
        }
        app.report(href(&cluster), body).await.status(201);
        app.advance(TimeDelta::seconds(1));
    }
    // The first adapter reports again, so that its report is the latest.
    app.report(href(&cluster), report("dns", 1, &[("Available", "True")])).await.status(201);
    let path = format!("{}/statuses", href(&cluster));
    (cluster, path)
}

#[track_caller]
fn adapters(list: &Answer) -> Vec<&str> {
    let items = list.status(200).at("/items").as_array().expect("items");
    items.iter().map(|item| item["adapter"].as_str().expect("a name")).collect()
}

async fn the_newest_adapter_comes_first_unless_said(app: TestApp) {
    let (_, path) = reported(&app).await;
    for order in ["", "created_time desc", "desc"] {
        let list = app.list(&path, &[("order", order)]).await;
        assert_eq!(adapters(&list), ["Audit_2", "cert", "vpc", "dns"], "{order}");
    }
    assert_eq!(adapters(&app.list(&path, &[("order", "asc")]).await), ["dns", "vpc", "cert", "Audit_2"]);
}

async fn reports_are_ordered_by_each_of_their_fields(app: TestApp) {
    let (_, path) = reported(&app).await;
    for (parameters, expected) in [
        (vec![("order", "adapter")], ["Audit_2", "cert", "dns", "vpc"]),
        (vec![("order", "adapter desc")], ["vpc", "dns", "cert", "Audit_2"]),
        (vec![("orderBy", "adapter"), ("order", "desc")], ["vpc", "dns", "cert", "Audit_2"]),
        (vec![("order", "observed_generation")], ["Audit_2", "dns", "cert", "vpc"]),
        (vec![("order", "observed_generation desc")], ["cert", "vpc", "Audit_2", "dns"]),
        (vec![("order", "observed_generation desc, adapter desc")], ["vpc", "cert", "dns", "Audit_2"]),
        (vec![("orderBy", "last_report_time desc")], ["dns", "Audit_2", "cert", "vpc"]),
        (vec![("order", "created_time")], ["dns", "vpc", "cert", "Audit_2"]),
    ] {
        assert_eq!(adapters(&app.list(&path, &parameters).await), expected, "{parameters:?}");
    }
}

async fn reports_are_searched_by_their_fields_and_conditions(app: TestApp) {
    let (_, path) = reported(&app).await;
    for (search, expected) in [
        ("adapter = 'dns'", vec!["dns"]),
        ("adapter in ('vpc', 'dns', 'none')", vec!["dns", "vpc"]),
        ("adapter like '%c%'", vec!["cert", "vpc"]),
        ("adapter ilike 'audit\\_%'", vec!["Audit_2"]),
        ("not (adapter >= 'd')", vec!["Audit_2", "cert"]),
        ("observed_generation < 2", vec!["Audit_2", "dns"]),
        ("observed_generation between 2 and 9", vec!["cert", "vpc"]),
        ("created_time <= '2026-01-02T03:04:06.678901Z'", vec!["dns", "vpc"]),
        ("last_report_time > '2026-01-02T03:04:07Z'", vec!["Audit_2", "cert", "dns"]),
        ("created_time is null", vec![]),
        ("conditions.Available = 'True'", vec!["cert", "dns"]),
        ("conditions.Available != 'True'", vec!["Audit_2", "vpc"]),
        ("conditions.Applied = 'Unknown'", vec!["vpc"]),
        ("conditions.Health is null", vec!["dns", "vpc"]),
        ("conditions.Reconciled is not null", vec![]),
        ("conditions.Available.reason = 'NoQuota'", vec!["vpc"]),
        ("conditions.Available.observed_generation = 2", vec!["cert", "vpc"]),
        ("conditions.Available.updated_at > '2026-01-02T03:04:09Z'", vec!["dns"]),
        ("conditions.Available.last_transition_time < '2026-01-02T03:04:06Z'", vec!["dns"]),
        ("conditions.Available = 'True' and observed_generation = 2 or adapter = 'vpc'", vec!["cert", "vpc"]),
    ] {
        let list = app.list(&path, &[("search", search), ("order", "adapter")]).await;
        assert_eq!(adapters(&list), expected, "{search}");
        assert_eq!(list.at("/total"), expected.len(), "{search}");
    }
}

async fn what_no_report_has_is_refused_with_what_there_is(app: TestApp) {
    let (_, path) = reported(&app).await;
    for search in ["name = 'a'", "labels.a = 'b'", "spec.a = 1", "status.phase = 'Ready'", "id = 'x'"] {
        let refused = app.list(&path, &[("search", search)]).await;
        refused.problem(400, "HYPERFLEET-VAL-005");
        let fields = "(adapter, observed_generation, created_time, last_report_time, conditions.<Type>)";
        assert!(refused.text_at("/detail").contains(fields), "{search}: {}", refused.text);
    }
    for search in [
        "conditions.available = 'True'",
        "conditions.Available = 'Maybe'",
        "conditions.Available.message = 'x'",
        "conditions.Available.last_updated_time is null",
        "observed_generation = 'x'",
        "status.conditions.Available = 'True'",
    ] {
        app.list(&path, &[("search", search)]).await.problem(400, "HYPERFLEET-VAL-005");
    }
    let refused = app.list(&path, &[("order", "name")]).await;
    refused.problem(400, "HYPERFLEET-VAL-005");
    assert!(refused.text_at("/detail").contains("adapter, observed_generation,"), "{}", refused.text);
}

async fn a_walk_visits_each_report_exactly_once(app: TestApp) {
    for order in ["", "adapter", "observed_generation desc, adapter", "last_report_time desc"] {
        let cluster = app.a_cluster().named(&format!("walk-{}", order.len())).create().await;
        let path = format!("{}/statuses", href(&cluster));
        for number in 0..7 {
            app.report(href(&cluster), report(&format!("a{number}"), 1, &[])).await.status(201);
        }
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for step in 0.. {
            let list = app.list(&path, &[("order", order), ("size", "2"), ("cursor", &cursor)]).await;
            seen.extend(adapters(&list).into_iter().map(str::to_owned));
            let Some(next) = list.body["next"].as_str() else { break };
            cursor = next.to_owned();
            assert!(step < 20, "the walk does not end");
            // Other reports are stored between pages.
            app.report(href(&cluster), report(&format!("new-{step}"), 1, &[])).await.status(201);
        }
        for number in 0..7 {
            let name = format!("a{number}");
            assert_eq!(seen.iter().filter(|seen| **seen == name).count(), 1, "{name}, {order:?}: {seen:?}");
        }
    }
}

async fn a_cursor_is_good_for_the_reports_of_one_resource(app: TestApp) {
    let (_, path) = reported(&app).await;
    let other = app.a_cluster().named("beta").create().await;
    let other = format!("{}/statuses", href(&other));
    let cursor = app.list(&path, &[("size", "1")]).await.status(200).text_at("/next");
    assert_eq!(adapters(&app.list(&path, &[("cursor", &cursor)]).await), ["cert", "vpc", "dns"]);
    for (path, more) in
        [(&other, ("order", "")), (&path, ("order", "adapter")), (&path, ("search", "adapter > 'a'"))]
    {
        app.list(path, &[("cursor", &cursor), more]).await.problem(400, "HYPERFLEET-VAL-005");
    }
    app.list("clusters", &[("cursor", &cursor)]).await.problem(400, "HYPERFLEET-VAL-005");
}

async fn without_total_no_report_is_counted(app: TestApp) {
    let (cluster, path) = reported(&app).await;
    let list = app.list(&path, &[("total", "false"), ("size", "3")]).await;
    assert_eq!((adapters(&list).len(), list.body.get("total")), (3, None));
    let pool = app.a_node_pool(id(&cluster)).create().await;
    app.report(href(&pool), report("dns", 1, &[])).await.status(201);
    let list = app.list(&format!("{}/statuses", href(&pool)), &[("search", "adapter = 'dns'")]).await;
    assert_eq!((adapters(&list), list.at("/total")), (vec!["dns"], &json!(1)));
}

async fn reports_of_a_resource_that_is_gone_are_not_found(app: TestApp) {
    let (cluster, _) = reported(&app).await;
    let other = app.a_cluster().named("beta").create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    let absent = "01900000-0000-7000-8000-000000000000";
    for path in [
        format!("clusters/{absent}/statuses"),
        format!("nodepools/{absent}/statuses"),
        format!("clusters/{}/nodepools/{}/statuses", id(&other), id(&pool)),
    ] {
        app.list(&path, &[("search", "adapter = 'dns'")]).await.problem(404, "HYPERFLEET-NTF-001");
    }
}
