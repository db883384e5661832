//! The decision whether a report is stored or discarded: the seven rules in their order.

use super::{discarded, href};
use crate::harness::{Answer, TestApp, report};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

crate::engines![
    a_report_of_a_generation_to_come_is_discarded,
    a_report_of_a_generation_the_adapter_has_left_is_discarded,
    an_older_observation_of_the_same_generation_is_discarded_and_an_equal_one_applied,
    a_report_lacking_a_mandatory_condition_is_refused,
    a_report_that_no_longer_knows_is_discarded,
    a_first_report_that_does_not_know_is_stored_without_aggregation,
    each_rule_comes_before_the_next,
    put_and_post_decide_alike,
    an_observation_may_be_five_minutes_ahead_and_thirty_behind,
];

const STRICT: [(&str, &str); 1] = [("HYPERFLEET_ADAPTERS_MANDATORY_CONDITIONS", "Available,Applied,Health")];

fn at(mut report: Value, time: DateTime<Utc>) -> Value {
    report["observed_time"] = json!(time.to_rfc3339());
    report
}

/// Creates a cluster at generation 2 and returns its path.
async fn at_generation_2(app: &TestApp) -> String {
    let cluster = app.a_cluster().create().await;
    app.patch(href(&cluster), json!({"spec": {"region": "us"}})).await.status(200);
    href(&cluster).to_owned()
}

async fn a_report_of_a_generation_to_come_is_discarded(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let answer = app.report(href(&cluster), report("dns", 2, &[("Available", "True")])).await;
    discarded(&answer, "future_generation");
    app.get(href(&cluster)).await.status(200).body(&cluster);
    assert_eq!(app.get(&format!("{}/statuses", href(&cluster))).await.status(200).at("/total"), 0);
}

async fn a_report_of_a_generation_the_adapter_has_left_is_discarded(app: TestApp) {
    let cluster = at_generation_2(&app).await;
    app.report(&cluster, report("dns", 2, &[("Available", "True")])).await.status(201);
    app.advance(TimeDelta::minutes(1));
    let before = app.get(&cluster).await;
    let answer = app.report(&cluster, report("dns", 1, &[("Available", "False")])).await;
    discarded(&answer, "older_generation");
    app.get(&cluster).await.status(200).body(&before.body);
    // Another adapter may still be behind.
    app.report(&cluster, report("validation", 1, &[("Available", "True")])).await.status(201);
}

async fn an_older_observation_of_the_same_generation_is_discarded_and_an_equal_one_applied(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let now = app.now();
    let seen = |status: &str, time| at(report("dns", 1, &[("Available", status)]), time);
    app.report(href(&cluster), seen("True", now)).await.status(201);
    let older = app.report(href(&cluster), seen("False", now - TimeDelta::microseconds(1))).await;
    discarded(&older, "older_report");
    let equal = app.report(href(&cluster), seen("False", now)).await;
    assert_eq!(equal.status(201).at("/conditions/0/status"), "False");
    let list = app.get(&format!("{}/statuses", href(&cluster))).await;
    assert_eq!(list.status(200).at("/items/0"), &equal.body);
    assert_eq!(app.get(href(&cluster)).await.at("/status/conditions/2/status"), "False");
}

async fn a_report_lacking_a_mandatory_condition_is_refused(app: TestApp) {
    let app = TestApp::with(app.engine, &STRICT).await;
    let cluster = app.a_cluster().create().await;
    let all = [("Available", "True"), ("Applied", "True"), ("Health", "False")];
    for missing in 0..all.len() {
        let mut some = all.to_vec();
        let (name, _) = some.remove(missing);
        let answer = app.report(href(&cluster), report("dns", 1, &some)).await;
        answer.problem(400, "HYPERFLEET-VAL-000");
        assert_eq!(answer.error_fields(), ["conditions"]);
        assert!(answer.text_at("/detail").contains(&format!("'{name}'")), "{}", answer.text);
    }
    app.report(href(&cluster), report("dns", 1, &all)).await.status(201);
}

async fn a_report_that_no_longer_knows_is_discarded(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    app.report(href(&cluster), report("dns", 1, &[("Available", "True")])).await.status(201);
    let before = app.get(href(&cluster)).await;
    app.advance(TimeDelta::minutes(1));
    for unknown in [vec![("Available", "Unknown")], vec![("Available", "Unknown"), ("Finalized", "True")]] {
        let answer = app.report(href(&cluster), report("dns", 1, &unknown)).await;
        discarded(&answer, "unknown_availability");
    }
    app.get(href(&cluster)).await.status(200).body(&before.body);
}

async fn a_first_report_that_does_not_know_is_stored_without_aggregation(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    app.report(href(&cluster), report("dns", 1, &[("Available", "True")])).await.status(201);
    let before = app.get(href(&cluster)).await;
    assert_eq!(before.at("/status/phase"), "Ready");
    app.report(href(&cluster), report("slow", 1, &[("Available", "Unknown")])).await.status(201);
    let after = app.get(href(&cluster)).await;
    for unmoved in ["/status/phase", "/status/conditions", "/status/observed_generation", "/updated_time"] {
        assert_eq!(after.at(unmoved), before.at(unmoved), "{unmoved}");
    }
    assert_eq!(after.at("/status/adapters/1/adapter"), "slow");
    assert_eq!(after.at("/status/adapters/1/available"), "Unknown");
    let list = app.get(&format!("{}/statuses", href(&cluster))).await;
    assert_eq!(list.status(200).at("/total"), 2);
}

async fn each_rule_comes_before_the_next(app: TestApp) {
    let app = TestApp::with(app.engine, &STRICT).await;
    let cluster = at_generation_2(&app).await;
    let good = [("Available", "True"), ("Applied", "True"), ("Health", "True")];
    let now = app.now();
    app.report(&cluster, at(report("dns", 2, &good), now)).await.status(201);
    let old = now - TimeDelta::minutes(1);
    // Each report also lacks the mandatory conditions, which are checked only after the age.
    let ask = async |generation, time| app.report(&cluster, at(report("dns", generation, &[]), time)).await;
    discarded(&ask(3, old).await, "future_generation");
    discarded(&ask(1, old).await, "older_generation");
    discarded(&ask(2, old).await, "older_report");
    ask(2, now).await.problem(400, "HYPERFLEET-VAL-000");
    let unknown = |adapter| report(adapter, 2, &[("Available", "Unknown")]);
    app.report(&cluster, unknown("dns")).await.problem(400, "HYPERFLEET-VAL-000");
    app.report(&cluster, unknown("new")).await.problem(400, "HYPERFLEET-VAL-000");
    // A malformed report is refused before any of the rules.
    app.report(&cluster, report("dns", 3, &[("Available", "Maybe")]))
        .await
        .problem(400, "HYPERFLEET-VAL-000");
}

async fn put_and_post_decide_alike(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(super::id(&cluster)).create().await;
    let flat = format!("nodepools/{}", super::id(&pool));
    for (number, path) in [href(&cluster), href(&pool), &flat].into_iter().enumerate() {
        for method in ["PUT", "POST"] {
            let send = async |generation: i64, status: &str| {
                let adapter = format!("{method}-{number}").to_lowercase();
                let body = report(&adapter, generation, &[("Available", status)]);
                Answer::of(app.request(method, &format!("{path}/statuses")).json(&body)).await
            };
            discarded(&send(2, "True").await, "future_generation");
            assert_eq!(send(1, "True").await.status(201).at("/observed_generation"), 1);
            discarded(&send(1, "Unknown").await, "unknown_availability");
            send(0, "True").await.problem(400, "HYPERFLEET-VAL-000");
        }
    }
    assert_eq!(app.get(&format!("{}/statuses", href(&pool))).await.at("/total"), 4);
}

async fn an_observation_may_be_five_minutes_ahead_and_thirty_behind(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let now = app.now();
    let bounds = [now - TimeDelta::minutes(30), now, now + TimeDelta::minutes(5)];
    for (number, time) in bounds.into_iter().enumerate() {
        let adapter = format!("adapter-{number}");
        let answer =
            app.report(href(&cluster), at(report(&adapter, 1, &[("Available", "True")]), time)).await;
        let stored: DateTime<Utc> = answer.status(201).text_at("/last_report_time").parse().expect("a time");
        assert_eq!(stored, time);
    }
}
