//! The inputs of the aggregated status.

use super::{condition, href};
use crate::harness::{TestApp, report};
use chrono::TimeDelta;
use serde_json::json;

crate::engines![
    an_adapters_words_are_taken_over,
    the_name_of_an_adapter_makes_the_name_of_its_condition,
    the_status_names_the_lowest_generation_and_the_oldest_report,
    each_adapter_has_a_short_entry,
    an_adapter_that_is_back_at_an_older_generation_is_still_shown,
];

async fn an_adapters_words_are_taken_over(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let mut body = report("dns", 1, &[("Available", "False")]);
    body["conditions"][0]["reason"] = json!("NoZone");
    body["conditions"][0]["message"] = json!("the zone is missing");
    app.report(href(&cluster), body).await.status(201);
    let with_words = app.get(href(&cluster)).await;
    let dns = condition(&with_words.body, "DnsSuccessful");
    assert_eq!((&dns["reason"], &dns["message"]), (&json!("NoZone"), &json!("the zone is missing")));
    app.report(href(&cluster), report("dns", 1, &[("Available", "False")])).await.status(201);
    let without = app.get(href(&cluster)).await;
    let dns = condition(&without.body, "DnsSuccessful");
    assert_eq!((dns.get("reason"), dns.get("message")), (None, None));
}

async fn the_name_of_an_adapter_makes_the_name_of_its_condition(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let names = [
        ("dns", "DnsSuccessful"),
        ("gcp-provisioner", "GcpProvisionerSuccessful"),
        ("a_b-cD.e", "ABCDESuccessful"),
    ];
    for (adapter, _) in names {
        app.report(href(&cluster), report(adapter, 1, &[("Available", "True")])).await.status(201);
    }
    let cluster = app.get(href(&cluster)).await;
    for (_, name) in names {
        assert_eq!(condition(&cluster.body, name)["status"], "True", "{name}");
    }
}

async fn the_status_names_the_lowest_generation_and_the_oldest_report(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    app.report(href(&cluster), report("a", 1, &[("Available", "True")])).await.status(201);
    app.patch(href(&cluster), json!({"spec": {}})).await.status(200);
    app.advance(TimeDelta::minutes(3));
    app.report(href(&cluster), report("b", 2, &[("Available", "True")])).await.status(201);
    let now = app.get(href(&cluster)).await;
    assert_eq!(now.at("/status/observed_generation"), 1);
    assert_eq!(now.at("/status/last_updated_time"), "2026-01-02T03:04:05.678901Z");
    app.report(href(&cluster), report("a", 2, &[("Available", "True")])).await.status(201);
    let now = app.get(href(&cluster)).await;
    assert_eq!(now.at("/status/observed_generation"), 2);
    assert_eq!(now.at("/status/last_updated_time"), "2026-01-02T03:07:05.678901Z");
}

async fn each_adapter_has_a_short_entry(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let conditions = [("Available", "True"), ("Health", "False")];
    app.report(href(&cluster), report("dns", 1, &conditions)).await.status(201);
    let now = app.get(href(&cluster)).await;
    let entry = json!({"adapter": "dns", "observed_generation": 1, "available": "True", "health": "False",
        "last_report_time": "2026-01-02T03:04:05.678901Z"});
    assert_eq!(now.status(200).at("/status/adapters"), &json!([entry]));
}

async fn an_adapter_that_is_back_at_an_older_generation_is_still_shown(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    app.patch(href(&cluster), json!({"spec": {}})).await.status(200);
    app.report(href(&cluster), report("dns", 1, &[("Available", "True")])).await.status(201);
    let now = app.get(href(&cluster)).await;
    assert_eq!(now.at("/status/phase"), "NotReady");
    let dns = condition(&now.body, "DnsSuccessful");
    assert_eq!((&dns["status"], &dns["observed_generation"]), (&json!("True"), &json!(1)));
    let missing = "Required adapters not reporting Available=True: [dns]. Currently reporting: [dns]";
    assert_eq!(condition(&now.body, "Reconciled")["message"], missing);
}
