use super::{count, text, together};
use crate::harness::{Answer, TestApp, report};
use crate::model::{Settings, json_equal, recomputed};
use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const ADAPTERS: usize = 40;
const REPORTS: usize = 6;
const PATCHES: usize = 12;

crate::engines![
    reports_of_40_adapters_during_changes_leave_a_status_that_follows_from_them,
    of_40_last_reports_at_once_the_last_removes_the_resource,
];

async fn reports_of_40_adapters_during_changes_leave_a_status_that_follows_from_them(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let href = text(&cluster, "href").to_owned();
    let mut running = JoinSet::new();
    for adapter in 0..ADAPTERS {
        let requests =
            (0..REPORTS).map(|number| (app.request("GET", &href), a_report(&app, &href, adapter, number)));
        running.spawn(report_each(requests.collect()));
    }
    for patch in 0..PATCHES {
        app.patch(&href, json!({"spec": {"patch": patch}})).await.status(200);
        check_status(&app, &href).await;
    }
    app.delete(&href).await.status(202);
    for answer in running.join_all().await.into_iter().flatten() {
        answer.status(201);
    }
    let (body, reports) = check_status(&app, &href).await;
    assert_eq!(body["generation"], PATCHES + 2);
    assert_eq!(reports.as_array().map(Vec::len), Some(ADAPTERS));
    assert_eq!(body["status"]["adapters"].as_array().map(Vec::len), Some(ADAPTERS));
}

/// Returns a request and the body of its report, whose generation the caller replaces.
fn a_report(app: &TestApp, href: &str, adapter: usize, number: usize) -> (reqwest::RequestBuilder, Value) {
    let statuses = ["True", "False"];
    let available = statuses[usize::from((adapter + number).is_multiple_of(5))];
    let health = statuses[usize::from((adapter + number).is_multiple_of(7))];
    let mut body = report(&format!("adapter-{adapter}"), 1, &[("Available", available), ("Health", health)]);
    // The reports of each adapter are in order of time; those of different adapters are not.
    let observed = app.now() - TimeDelta::seconds((100 - 10 * number + adapter) as i64);
    body["observed_time"] = json!(observed.to_rfc3339_opts(SecondsFormat::Micros, true));
    (app.request("PUT", &format!("{href}/statuses")), body)
}

/// Sends reports one after the other, each about the current generation of the resource.
async fn report_each(
    requests: Vec<(reqwest::RequestBuilder, (reqwest::RequestBuilder, Value))>,
) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (get, (put, mut body)) in requests {
        body["observed_generation"] = Answer::of(get).await.status(200).body["generation"].clone();
        answers.push(Answer::of(put.json(&body)).await);
    }
    answers
}

/// Reads a resource and the reports about it while neither changes, and checks that the resource's status follows
/// from the reports.
async fn check_status(app: &TestApp, href: &str) -> (Value, Value) {
    loop {
        let before = app.get(href).await;
        let reports = app.get(&format!("{href}/statuses?size=500")).await;
        let after = app.get(href).await;
        if before.header("etag") == after.header("etag") {
            let items = reports.status(200).body["items"].clone();
            let expected = recomputed(&Settings::default(), &after.body, &items);
            assert!(json_equal(&after.body, &expected), "found    {}\nexpected {expected}", after.body);
            return (after.body, items);
        }
    }
}

async fn of_40_last_reports_at_once_the_last_removes_the_resource(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let href = text(&cluster, "href");
    let send = |generation: i64, conditions: &'static [(&str, &str)]| {
        let path = format!("{href}/statuses");
        let app = &app;
        (0..ADAPTERS).map(move |adapter| {
            app.request("PUT", &path).json(&report(&format!("adapter-{adapter}"), generation, conditions))
        })
    };
    assert_eq!(count(&together(send(1, &[("Available", "True")])).await, 201), ADAPTERS);
    assert_eq!(app.get(href).await.status(200).at("/status/phase"), "Ready");
    app.delete(href).await.status(202);
    let answers = together(send(2, &[("Available", "False"), ("Finalized", "True")])).await;
    assert_eq!(count(&answers, 201), ADAPTERS);
    app.get(href).await.problem(404, "HYPERFLEET-NTF-001");
    app.get(&format!("{href}/statuses")).await.problem(404, "HYPERFLEET-NTF-001");
}
