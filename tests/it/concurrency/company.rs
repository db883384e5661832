//! Requests that arrive together are handled in one transaction. Those that the database refuses fail alone.

use super::text;
use crate::changes::Follower;
use crate::harness::{Answer, Engine, TestApp, report};
use sea_orm::{ConnectionTrait, Database, Statement, TransactionTrait};
use serde_json::json;
use std::time::Duration;

const REQUESTS: usize = 48;
/// The database refuses the last of every `BAD` requests.
const BAD: usize = 4;

/// Makes the database refuse some rows, then sends the requests as one batch.
async fn refused(app: &TestApp, refuse: &str, requests: Vec<reqwest::RequestBuilder>) -> Vec<Answer> {
    let database = Database::connect(&app.database_url).await.expect("the database");
    database.execute_unprepared(refuse).await.expect(refuse);
    together(app, requests).await
}

/// Sends requests that are handled together: while `clusters` is locked, none of them proceeds.
async fn together(app: &TestApp, requests: Vec<reqwest::RequestBuilder>) -> Vec<Answer> {
    let database = Database::connect(&app.database_url).await.expect("the database");
    let holder = database.begin().await.expect("a transaction");
    holder.execute_unprepared("LOCK TABLE clusters IN EXCLUSIVE MODE").await.expect("a lock");
    let running: Vec<_> = requests.into_iter().map(|request| tokio::spawn(Answer::of(request))).collect();
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    loop {
        let ask = Statement::from_string(database.get_database_backend(), waiting);
        let row = database.query_one_raw(ask).await.expect("an answer").expect("a row");
        if row.try_get_by_index::<i64>(0).expect("a number") > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    holder.rollback().await.expect("the end of the lock");
    let mut answers = Vec::new();
    for request in running {
        answers.push(request.await.expect("an answer"));
    }
    answers
}

/// Returns the SQL of a trigger that refuses every fourth row, by the number at the end of a column.
fn refuse(table: &str, column: &str) -> String {
    format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF split_part(NEW.{column}, '-', 2)::int % {BAD} = {BAD} - 1 THEN RAISE EXCEPTION 'refused' USING ERRCODE = '22000'; END IF; RETURN NEW; END $$;
         CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
}

/// Asserts that every bad request was refused and all others have the status `served`.
fn expect_bad(answers: &[Answer], served: u16) {
    for (number, answer) in answers.iter().enumerate() {
        match number % BAD == BAD - 1 {
            true => answer.problem(500, "HYPERFLEET-INT-001"),
            false => answer.status(served),
        };
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_fails_concerns_none_of_those_it_came_with() {
    let app = TestApp::start(Engine::Postgres).await;
    let create = |number: usize| {
        app.request("POST", "clusters").json(&json!({"name": format!("c-{number:02}"), "spec": {}}))
    };
    let answers = refused(&app, &refuse("clusters", "name"), (0..REQUESTS).map(create).collect()).await;
    expect_bad(&answers, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_fails_concerns_none_of_those_it_came_with() {
    let app = TestApp::start(Engine::Postgres).await;
    let mut changes = Vec::new();
    for number in 0..REQUESTS {
        let cluster = app.a_cluster().named(&format!("c-{number:02}")).create().await;
        changes.push(app.request("PATCH", text(&cluster, "href")).json(&json!({"spec": {"n": number}})));
    }
    let answers = refused(&app, &refuse("clusters", "name"), changes).await;
    expect_bad(&answers, 200);
    for (number, answer) in answers.iter().enumerate().filter(|(_, answer)| answer.status == 200) {
        assert_eq!((answer.at("/spec/n"), answer.at("/generation")), (&json!(number), &json!(2)));
    }
}

/// Each change is refused only for its own reason, and each successful change has its own event.
#[tokio::test(flavor = "multi_thread")]
async fn changes_that_come_together_are_each_judged_alone() {
    let app = TestApp::with(Engine::Postgres, &[("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "dns")]).await;
    let mut clusters = Vec::new();
    for number in 0..6 {
        clusters.push(app.a_cluster().named(&format!("c-{number}")).create().await);
    }
    let path = |number: usize| text(&clusters[number], "href");
    app.delete(path(4)).await.status(202);
    let pool = app.post(&format!("{}/nodepools", path(0)), json!({"name": "pool", "spec": {}})).await;
    let elsewhere = format!("{}/nodepools/{}", path(1), text(&pool.status(201).body, "id"));
    let missing = "clusters/0198b5a3-7c00-7000-8000-000000000000";
    let mut follower = Follower::now(&app, &[]).await;
    let change = |path: &str, tag: &str, body| app.request("PATCH", path).header("If-Match", tag).json(&body);
    let answers = together(
        &app,
        vec![
            change(path(0), "*", json!({"spec": {"n": 0}})),
            change(path(1), "\"1\"", json!({"spec": {"n": 1}})),
            change(path(2), "\"7\"", json!({"spec": {"n": 2}})),
            change(path(3), "*", json!({"spec": clusters[3]["spec"]})),
            change(path(4), "*", json!({"spec": {"n": 4}})),
            change(missing, "*", json!({"spec": {"n": 5}})),
            change(&elsewhere, "*", json!({"spec": {"n": 6}})),
            change(path(5), "\"1\"", json!({"spec": {"n": 7}})),
            change(path(5), "\"1\"", json!({"spec": {"n": 8}})),
            change(text(&pool.body, "href"), "*", json!({"labels": {"n": "9"}})),
        ],
    )
    .await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    let [first, second] = statuses[7..9] else { panic!("{statuses:?}") };
    assert_eq!(statuses[..7], [200, 200, 412, 200, 409, 404, 404]);
    assert_eq!((first.min(second), first.max(second), statuses[9]), (200, 412, 200), "{statuses:?}");
    answers[3].body(&clusters[3]);
    follower.until(|follower| follower.events.len() == 4).await;
    for answer in [&answers[0], &answers[1], &answers[if first == 200 { 7 } else { 8 }], &answers[9]] {
        assert_eq!(answer.at("/generation"), 2);
        let told = follower.events.iter().find(|event| event["object"]["id"] == *answer.at("/id"));
        assert_eq!(told.expect("an event")["object"], answer.body);
        app.get(text(&answer.body, "href")).await.body(&answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_fails_concerns_none_of_those_it_came_with() {
    let app = TestApp::start(Engine::Postgres).await;
    let cluster = app.a_cluster().create().await;
    let path = format!("{}/statuses", text(&cluster, "href"));
    let tell = |number: usize| {
        let body = report(&format!("adapter-{number}"), 1, &[("Available", "True")]);
        app.request("PUT", &path).json(&body)
    };
    let refuse = refuse("adapter_statuses", "adapter");
    let answers = refused(&app, &refuse, (0..REQUESTS).map(tell).collect()).await;
    expect_bad(&answers, 201);
    let adapters = app.get(text(&cluster, "href")).await.at("/status/adapters").clone();
    assert_eq!(adapters.as_array().map(Vec::len), Some(REQUESTS - REQUESTS / BAD));
}
