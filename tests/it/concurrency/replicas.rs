//! Another replica has an open transaction. A write to the same rows waits until it ends, then decides on the state
//! that it left. The tests run the other replica's statements in SQL, so that the worst interleaving happens each
//! time. PostgreSQL only: SQLite has one writer at a time across all processes.

use super::text;
use crate::harness::{Answer, Engine, TestApp, report};
use crate::statuses::{href, id};
use chrono::TimeDelta;
use reqwest::RequestBuilder;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement, TransactionTrait};
use serde_json::json;
use std::time::Duration;

/// Sends a request while another replica has run `statements` without committing them. The replica commits as soon as
/// the request waits for it or has been answered.
async fn beside(app: &TestApp, statements: &[&str], request: impl Fn() -> RequestBuilder) -> Answer {
    between(app, statements, &[], request).await
}

/// Like [`beside`], but the other replica also runs `then` before it commits.
async fn between(
    app: &TestApp,
    statements: &[&str],
    then: &[&str],
    request: impl Fn() -> RequestBuilder,
) -> Answer {
    let database = Database::connect(&app.database_url).await.expect("the database");
    let replica = database.begin().await.expect("a transaction");
    for statement in statements {
        replica.execute_unprepared(statement).await.expect(statement);
    }
    let running = tokio::spawn(Answer::of(request()));
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while !running.is_finished() && number(&database, waiting).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for statement in then {
        replica.execute_unprepared(statement).await.expect(statement);
    }
    replica.commit().await.expect("a commit");
    let answer = running.await.expect("an answer");
    // On a busy machine the wait may exceed the lock timeout. The server then asks the caller to retry.
    if answer.header("retry-after").is_empty() { answer } else { Answer::of(request()).await }
}

async fn number(database: &DatabaseConnection, sql: &str) -> i64 {
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await;
    row.expect(sql).expect("a row").try_get_by_index(0).expect("a number")
}

async fn run(database: &DatabaseConnection, sql: &str) {
    database.execute_unprepared(sql).await.expect(sql);
}

fn keyed(app: &TestApp, key: &str) -> RequestBuilder {
    let request = app.request("POST", "clusters").header("idempotency-key", key);
    request.json(&json!({"name": "alpha", "spec": {"region": "eu"}}))
}

/// Performs a create with `key-1`, then deletes the cluster, so that a second create would succeed.
async fn first_create(app: &TestApp) -> Answer {
    let first = Answer::of(keyed(app, "key-1")).await;
    app.delete(&first.status(201).text_at("/href")).await.status(202);
    first
}

/// Asserts that the first response is repeated and that no cluster was created.
async fn expect_repeated(app: &TestApp, first: &Answer, second: &Answer) {
    second.status(201).body(&first.body);
    assert_eq!(app.get("clusters").await.at("/total"), 0);
}

/// Claims and completes `key-2`, as another replica does.
const CLAIM: &str = "INSERT INTO idempotency_keys
    SELECT caller, 'key-2', request_digest, answer, claimed_time, expires_time FROM idempotency_keys";

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_another_replica_completes_repeats_its_answer() {
    let app = TestApp::start(Engine::Postgres).await;
    let first = first_create(&app).await;
    let second = beside(&app, &[CLAIM], || keyed(&app, "key-2")).await;
    expect_repeated(&app, &first, &second).await;
}

/// Both requests find an expired key. Only the one that locks its row first may use it.
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_key_that_another_replica_takes_over_repeats_its_answer() {
    let app = TestApp::start(Engine::Postgres).await;
    let first = first_create(&app).await;
    app.advance(TimeDelta::hours(25));
    let take_over = "UPDATE idempotency_keys SET expires_time = expires_time + interval '25 hours'";
    let lock = "SELECT 1 FROM idempotency_keys FOR UPDATE";
    let second = between(&app, &[lock], &[take_over], || keyed(&app, "key-1")).await;
    expect_repeated(&app, &first, &second).await;
}

/// The request claims the key, then a serialization failure undoes its claim, and on the retry another transaction
/// holds the key. The request must not continue as if it still held the key.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_lost_its_key_repeats_the_answer_of_who_has_it() {
    let app = TestApp::start(Engine::Postgres).await;
    let first = first_create(&app).await;
    let database = Database::connect(&app.database_url).await.expect("the database");
    for statement in [
        "CREATE SEQUENCE claims; CREATE SEQUENCE creates",
        // The second claim waits until another transaction holds the key. A sequence keeps its value when a
        // transaction is rolled back.
        "CREATE FUNCTION claim() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF nextval('claims') = 2 THEN
         WHILE NOT EXISTS (SELECT 1 FROM idempotency_keys WHERE key = NEW.key) LOOP PERFORM pg_sleep(0.005); END LOOP;
         END IF; RETURN NEW; END $$",
        "CREATE TRIGGER claim BEFORE INSERT ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION claim()",
        "CREATE FUNCTION create_cluster() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF nextval('creates') = 1 THEN RAISE EXCEPTION 'gives way' USING ERRCODE = '40001'; END IF;
         RETURN NEW; END $$",
        "CREATE TRIGGER create_cluster BEFORE INSERT ON clusters FOR EACH ROW EXECUTE FUNCTION create_cluster()",
    ] {
        run(&database, statement).await;
    }
    let running = tokio::spawn(Answer::of(keyed(&app, "key-2")));
    while !running.is_finished() && number(&database, "SELECT last_value FROM claims").await < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // This statement bypasses the triggers, which are for the service only.
    run(&database, &format!("BEGIN; SET LOCAL session_replication_role = replica; {CLAIM}; COMMIT")).await;
    expect_repeated(&app, &first, &running.await.expect("an answer")).await;
    assert_eq!(number(&database, "SELECT last_value FROM creates").await, 1);
}

/// Returns an UPDATE by another replica that sets these columns.
fn update(table: &str, columns: &str) -> String {
    format!("UPDATE {table} SET {columns}, generation = generation + 1, revision = revision + 1")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_decides_on_what_another_replica_left() {
    let app = TestApp::start(Engine::Postgres).await;
    let cluster = app.a_cluster().create().await;
    let patch = || {
        let request = app.request("PATCH", href(&cluster)).header("if-match", "\"1\"");
        request.json(&json!({"spec": {"mine": true}}))
    };
    let answer = beside(&app, &[&update("clusters", r#"spec = '{"theirs":true}'"#)], patch).await;
    answer.problem(412, "HYPERFLEET-CNF-002");
    assert_eq!(app.get(href(&cluster)).await.at("/spec"), &json!({"theirs": true}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_decides_on_what_another_replica_left() {
    let app = TestApp::start(Engine::Postgres).await;
    let cluster = app.a_cluster().create().await;
    let about = |generation: i64, conditions: &[(&str, &str)]| {
        let body = report("dns", generation, conditions);
        app.request("PUT", &format!("{}/statuses", href(&cluster))).json(&body)
    };
    let changed = update("clusters", "updated_time = updated_time");
    let answer = beside(&app, &[&changed], || about(2, &[("Available", "True")])).await;
    assert_eq!(
        answer.status, 201,
        "about a generation that was there when it was taken: {:?}",
        answer.headers
    );
    // A report that may remove the resource is handled in its own transaction.
    let answer =
        beside(&app, &[&changed], || about(3, &[("Available", "False"), ("Finalized", "True")])).await;
    answer.status(201);
    let now = app.get(href(&cluster)).await;
    assert_eq!((now.at("/generation"), now.at("/status/observed_generation")), (&json!(3), &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_takes_node_pools_as_another_replica_left_them() {
    let app = TestApp::with(Engine::Postgres, &[("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", "dns")]).await;
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    let changed = update("node_pools", r#"spec = '{"replicas":7}'"#);
    let deleted = beside(&app, &[&changed], || app.request("DELETE", href(&cluster))).await;
    deleted.status(202);
    let now = app.get(href(&pool)).await;
    assert_eq!((now.status(200).at("/generation"), now.at("/spec")), (&json!(3), &json!({"replicas": 7})));
    assert!(now.at("/deleted_time").is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_pool_is_not_created_in_a_cluster_that_another_replica_deletes() {
    let app = TestApp::start(Engine::Postgres).await;
    let cluster = app.a_cluster().create().await;
    for key in [None, Some("key-1")] {
        let create = || {
            let request = app.request("POST", &format!("{}/nodepools", href(&cluster)));
            let request = request.json(&json!({"name": "workers", "spec": {}}));
            if let Some(key) = key { request.header("idempotency-key", key) } else { request }
        };
        let marked = update("clusters", "deleted_time = updated_time, deleted_by = 'them'");
        beside(&app, &[&marked], create).await.problem(409, "HYPERFLEET-CNF-003");
        let database = Database::connect(&app.database_url).await.expect("the database");
        run(&database, "UPDATE clusters SET deleted_time = NULL, deleted_by = NULL").await;
    }
    beside(&app, &["DELETE FROM clusters"], || {
        let request = app.request("POST", &format!("{}/nodepools", href(&cluster)));
        request.json(&json!({"name": "workers", "spec": {}}))
    })
    .await
    .problem(404, "HYPERFLEET-NTF-001");
    assert_eq!(app.get("nodepools").await.at("/total"), 0);
}

/// Two replicas each remove one of the last two node pools. The second must see that the first is removed.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_node_pool_takes_its_cluster_along_whoever_removed_the_others() {
    let app = TestApp::with(Engine::Postgres, &[("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", "dns")]).await;
    for round in ["report", "force"] {
        let cluster = app.a_cluster().named(round).create().await;
        app.a_node_pool(id(&cluster)).named("one").create().await;
        let two = app.a_node_pool(id(&cluster)).named("two").create().await;
        app.delete(href(&cluster)).await.status(202);
        let lock = format!("SELECT 1 FROM clusters WHERE name = '{round}' FOR UPDATE");
        let last = || match round {
            "report" => {
                let body = report("dns", 2, &[("Available", "False"), ("Finalized", "True")]);
                app.request("PUT", &format!("{}/statuses", href(&two))).json(&body)
            }
            _ => {
                let path = format!("{}/force-delete", href(&two));
                app.request("POST", &path).json(&json!({"reason": "it is the last"}))
            }
        };
        let answer = beside(&app, &[&lock, "DELETE FROM node_pools WHERE name = 'one'"], last).await;
        assert!(matches!(answer.status, 201 | 204), "{} {}", answer.status, answer.text);
        app.get(text(&two, "href")).await.problem(404, "HYPERFLEET-NTF-001");
        app.get(href(&cluster)).await.problem(404, "HYPERFLEET-NTF-001");
    }
}

/// Creates on several replicas that insert the same names in different orders would deadlock. A transaction therefore
/// inserts names in sorted order, whatever the order of the requests.
#[tokio::test(flavor = "multi_thread")]
async fn creates_that_are_handled_together_take_names_in_their_order() {
    const CREATES: usize = 40;
    let app = TestApp::start(Engine::Postgres).await;
    let database = Database::connect(&app.database_url).await.expect("the database");
    for statement in [
        "CREATE TABLE taken (number bigserial, transaction text, name text)",
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         INSERT INTO taken (transaction, name) VALUES (pg_current_xact_id()::text, NEW.name); RETURN NEW; END $$",
        "CREATE TRIGGER note BEFORE INSERT ON clusters FOR EACH ROW EXECUTE FUNCTION note()",
    ] {
        run(&database, statement).await;
    }
    // While the table is locked, the first batches block and the remaining requests queue up for a common batch.
    let holder = database.begin().await.expect("a transaction");
    holder.execute_unprepared("LOCK TABLE clusters IN SHARE MODE").await.expect("a lock");
    let create = |number: usize| {
        let name = format!("c-{:02}", CREATES - number);
        tokio::spawn(Answer::of(app.request("POST", "clusters").json(&json!({"name": name, "spec": {}}))))
    };
    let creates: Vec<_> = (0..CREATES).map(create).collect();
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while number(&database, waiting).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    holder.rollback().await.expect("the end of the lock");
    for create in creates {
        create.await.expect("an answer").status(201);
    }
    assert_eq!(number(&database, "SELECT count(*) FROM taken").await, CREATES as i64);
    let disorder = "SELECT count(*) FROM taken a JOIN taken b ON a.transaction = b.transaction
                    AND a.number < b.number AND a.name > b.name";
    assert_eq!(number(&database, disorder).await, 0);
}
