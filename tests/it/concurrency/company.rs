//! Requests that arrive together are handled in one transaction. Those that the database refuses fail alone.

use super::text;
use crate::harness::{Answer, Engine, TestApp, report};
use sea_orm::{ConnectionTrait, Database, Statement, TransactionTrait};
use serde_json::json;
use std::time::Duration;

const REQUESTS: usize = 48;
/// Of each so many requests, the last is refused.
const BAD: usize = 4;

/// Makes the database refuse a row, and sends requests that come together: while `clusters` is locked none goes on.
async fn together(app: &TestApp, refuse: &str, requests: Vec<reqwest::RequestBuilder>) -> Vec<Answer> {
    let database = Database::connect(&app.database_url).await.expect("the database");
    database.execute_unprepared(refuse).await.expect(refuse);
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

/// A trigger that refuses every fourth row, by the number at the end of a column.
fn refuse(table: &str, column: &str) -> String {
    format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF split_part(NEW.{column}, '-', 2)::int % {BAD} = {BAD} - 1 THEN RAISE EXCEPTION 'refused' USING ERRCODE = '22000'; END IF; RETURN NEW; END $$;
         CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
}

/// Expects that the bad ones were refused, and all others served.
fn expect_bad(answers: &[Answer]) {
    for (number, answer) in answers.iter().enumerate() {
        match number % BAD == BAD - 1 {
            true => answer.problem(500, "HYPERFLEET-INT-001"),
            false => answer.status(201),
        };
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_fails_concerns_none_of_those_it_came_with() {
    let app = TestApp::start(Engine::Postgres).await;
    let create = |number: usize| {
        app.request("POST", "clusters").json(&json!({"name": format!("c-{number:02}"), "spec": {}}))
    };
    let answers = together(&app, &refuse("clusters", "name"), (0..REQUESTS).map(create).collect()).await;
    expect_bad(&answers);
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
    let answers = together(&app, &refuse, (0..REQUESTS).map(tell).collect()).await;
    expect_bad(&answers);
    let adapters = app.get(text(&cluster, "href")).await.at("/status/adapters").clone();
    assert_eq!(adapters.as_array().map(Vec::len), Some(REQUESTS - REQUESTS / BAD));
}
