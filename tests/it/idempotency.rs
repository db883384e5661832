//! Idempotent creates, which clients can safely repeat.

use crate::harness::{Answer, Engine, Folder, TestApp, service};
use crate::statuses::{href, id};
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Database, Statement, TransactionTrait};
use serde_json::{Value, json};
use service::Clock;
use service::idempotency::remove_expired;

crate::engines![
    a_repeated_create_gets_the_first_answer_from_any_replica,
    the_first_answer_is_given_again_whatever_became_of_the_resource,
    a_body_that_says_the_same_is_the_same_body,
    a_key_with_another_body_is_refused,
    an_answer_is_stored_as_it_was_sent_and_repeated_byte_for_byte,
    a_failure_that_undoes_the_create_frees_the_key,
    a_failure_leaves_no_row,
    a_spec_is_checked_whether_or_not_there_is_a_key,
    keys_that_have_expired_are_removed_and_no_others,
    an_answer_in_another_form_is_not_repeated,
    a_failure_frees_the_key,
    a_key_is_its_callers_own,
    a_key_is_kept_for_24_hours,
    of_many_at_once_one_creates_and_all_get_its_answer,
    a_key_is_for_creates_of_node_pools_as_well,
];

async fn create(app: &TestApp, key: &str, body: Value) -> Answer {
    Answer::of(app.request("POST", "clusters").header("idempotency-key", key).json(&body)).await
}

fn named(name: &str) -> Value {
    json!({"name": name, "spec": {"region": "eu"}})
}

/// Changes the stored row of a key, to simulate the passage of time or another process.
async fn tamper(app: &TestApp, sql: &str) {
    let database = Database::connect(&app.database_url).await.expect("the database");
    let changed = database.execute_unprepared(sql).await.expect("a change");
    assert_eq!(changed.rows_affected(), 1, "{sql}");
    database.close().await.expect("a close");
}

#[track_caller]
fn same(first: &Answer, second: &Answer) {
    second.status(201).body(&first.body);
    for header in ["etag", "location", "content-type"] {
        assert_eq!(second.header(header), first.header(header), "{header}");
    }
}

async fn a_repeated_create_gets_the_first_answer_from_any_replica(app: TestApp) {
    let first = create(&app, "key-1", named("alpha")).await;
    first.status(201);
    same(&first, &create(&app, "key-1", named("alpha")).await);
    app.advance(TimeDelta::hours(23));
    let mut replica = app.replica(&[]).await;
    same(&first, &create(&replica, "key-1", named("alpha")).await);
    assert_eq!(app.get("clusters").await.at("/total"), 1);
    app.advance(TimeDelta::hours(2));
    create(&replica, "key-1", named("beta")).await.status(201);
    replica.stop().await;
}

async fn the_first_answer_is_given_again_whatever_became_of_the_resource(app: TestApp) {
    let first = create(&app, "key-1", named("alpha")).await;
    app.patch(&first.text_at("/href"), json!({"labels": {"a": "b"}})).await.status(200);
    same(&first, &create(&app, "key-1", named("alpha")).await);
    app.delete(&first.text_at("/href")).await.status(202);
    same(&first, &create(&app, "key-1", named("alpha")).await);
    assert_eq!(app.get("clusters").await.at("/total"), 0);
}

async fn a_body_that_says_the_same_is_the_same_body(app: TestApp) {
    let first = create(&app, "key-1", named("alpha")).await;
    let other_form = "{ \"spec\" : {\"region\":\"\\u0065u\"},\n \"name\":\"alpha\" }";
    let request = app.request("POST", "clusters").header("idempotency-key", "key-1");
    same(&first, &Answer::of(request.header("content-type", "application/json").body(other_form)).await);
}

async fn a_key_with_another_body_is_refused(app: TestApp) {
    let first = create(&app, "key-1", named("alpha")).await;
    let other = create(&app, "key-1", named("beta")).await;
    other.problem(422, "HYPERFLEET-VAL-000");
    let path = format!("{}/nodepools", first.text_at("/href"));
    let elsewhere = app.request("POST", &path).header("idempotency-key", "key-1").json(&named("alpha"));
    Answer::of(elsewhere).await.problem(422, "HYPERFLEET-VAL-000");
    create(&app, "key-2", named("beta")).await.status(201);
    assert_eq!(app.get("clusters").await.at("/total"), 2);
}

/// Another replica holds the key in an open transaction.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_request_still_runs_conflicts() {
    let app = TestApp::start(Engine::Postgres).await;
    let first = create(&app, "key-1", named("alpha")).await;
    app.delete(&first.text_at("/href")).await.status(202);
    let replica = Database::connect(&app.database_url).await.expect("the database");
    let running = replica.begin().await.expect("a transaction");
    let claim = "INSERT INTO idempotency_keys SELECT caller, 'key-2', request_digest, NULL, claimed_time, expires_time \
                 FROM idempotency_keys";
    running.execute_unprepared(claim).await.expect("a claim");
    let conflict = create(&app, "key-2", named("alpha")).await;
    conflict.problem(409, "HYPERFLEET-CNF-003");
    assert_eq!(conflict.header("retry-after"), "1");
    assert_eq!(app.get("clusters").await.at("/total"), 0);
    // The other process dies, and its claim is rolled back.
    running.rollback().await.expect("the end");
    create(&app, "key-2", named("alpha")).await.status(201);
}

/// The stored answer has the format of an earlier version.
async fn an_answer_in_another_form_is_not_repeated(app: TestApp) {
    create(&app, "key-1", named("alpha")).await.status(201);
    tamper(&app, "UPDATE idempotency_keys SET answer = '{\"kind\":\"Cluster\"}'").await;
    create(&app, "key-1", named("alpha")).await.problem(409, "HYPERFLEET-CNF-003");
}

/// Returns the answer stored with the only key, if any.
async fn stored(app: &TestApp) -> Option<String> {
    let database = Database::connect(&app.database_url).await.expect("the database");
    let all = Statement::from_string(database.get_database_backend(), "SELECT answer FROM idempotency_keys");
    let rows = database.query_all_raw(all).await.expect("the keys");
    database.close().await.expect("a close");
    assert!(rows.len() < 2, "{}", rows.len());
    rows.first().map(|row| row.try_get_by_index(0).expect("an answer"))
}

/// During an upgrade, a version may repeat answers that another version stored, whose documents may have other
/// fields.
async fn an_answer_is_stored_as_it_was_sent_and_repeated_byte_for_byte(app: TestApp) {
    let first = create(&app, "key-1", named("alpha")).await;
    let text = stored(&app).await.expect("a stored answer");
    let [etag, location] = ["etag", "location"].map(|header| json!(first.status(201).header(header)));
    assert_eq!(text, format!(r#"{{"etag":{etag},"location":{location},"body":{}}}"#, first.text));

    let body = r#"{"kind":"Cluster", "later": [1.0,1e2, "\u0061"],"id" : null}"#;
    let other = format!(r#"{{"etag":"\"7\"","location":"/elsewhere","body":{body}}}"#);
    tamper(&app, &format!("UPDATE idempotency_keys SET answer = '{other}'")).await;
    for replica in [&app, &app.replica(&[]).await] {
        let again = create(replica, "key-1", named("alpha")).await;
        assert_eq!(
            (again.status(201).text.as_str(), again.header("content-type")),
            (body, "application/json")
        );
        assert_eq!((again.header("etag"), again.header("location")), ("\"7\"", "/elsewhere"));
    }
}

async fn a_failure_leaves_no_row(app: TestApp) {
    let missing = format!("clusters/{}/nodepools", uuid::Uuid::max());
    app.a_cluster().create().await;
    for path in [missing.as_str(), "clusters"] {
        let request = app.request("POST", path).header("idempotency-key", "key-1").json(&named("alpha"));
        assert!(matches!(Answer::of(request).await.status, 404 | 409));
        assert_eq!(stored(&app).await, None, "{path}");
    }
}

async fn a_spec_is_checked_whether_or_not_there_is_a_key(app: TestApp) {
    let spec = json!({"type": "object", "properties": {"region": {"enum": ["us"]}}});
    let schemas = json!({"ClusterSpec": spec, "NodePoolSpec": {"type": "object"}});
    let document = json!({"openapi": "3.0.0", "components": {"schemas": schemas}});
    let folder = Folder::new();
    let file = folder.path().join("schemas.json");
    std::fs::write(&file, document.to_string()).expect("a document");
    let path = file.to_str().expect("a path");
    let app = app.replica(&[("HYPERFLEET_SERVER_OPENAPI_SCHEMA_PATH", path)]).await;
    for refused in [create(&app, "key-1", named("alpha")).await, app.post("clusters", named("alpha")).await] {
        refused.problem(400, "HYPERFLEET-VAL-000");
        assert_eq!(refused.error_fields(), ["spec.region"]);
    }
    create(&app, "key-1", json!({"name": "alpha", "spec": {"region": "us"}})).await.status(201);
}

async fn keys_that_have_expired_are_removed_and_no_others(app: TestApp) {
    let now = app.now();
    let context = service(app.database_url.clone(), Clock::new(move || now + TimeDelta::hours(24))).await;
    create(&app, "key-1", named("alpha")).await.status(201);
    assert_eq!(remove_expired(&context).await.expect("no error"), 0, "it is good until then");
    app.advance(TimeDelta::microseconds(1));
    create(&app, "key-2", named("beta")).await.status(201);
    let context = service(
        app.database_url.clone(),
        Clock::new(move || now + TimeDelta::hours(24) + TimeDelta::microseconds(1)),
    )
    .await;
    assert_eq!(remove_expired(&context).await.expect("no error"), 1);
    create(&app, "key-2", named("gamma")).await.problem(422, "HYPERFLEET-VAL-000");
    create(&app, "key-1", named("gamma")).await.status(201);
}

async fn a_failure_that_undoes_the_create_frees_the_key(app: TestApp) {
    let missing = format!("clusters/{}/nodepools", uuid::Uuid::max());
    let request = || app.request("POST", &missing).header("idempotency-key", "key-1").json(&named("workers"));
    Answer::of(request()).await.problem(404, "HYPERFLEET-NTF-001");
    create(&app, "key-1", named("alpha")).await.status(201);
}

async fn a_failure_frees_the_key(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    create(&app, "key-1", named("alpha")).await.problem(409, "HYPERFLEET-CNF-001");
    create(&app, "key-2", named("a")).await.problem(400, "HYPERFLEET-VAL-000");
    create(&app, "key-1", named("beta")).await.status(201);
    create(&app, "key-2", named("gamma")).await.status(201);
    app.delete(href(&cluster)).await.status(202);
    create(&app, "key-3", named("alpha")).await.status(201);
}

async fn a_key_is_its_callers_own(app: TestApp) {
    create(&app, "key-1", named("alpha")).await.status(201);
    tamper(&app, "UPDATE idempotency_keys SET caller = 'somebody@example.com'").await;
    create(&app, "key-1", named("beta")).await.status(201);
    create(&app, "key-1", named("alpha")).await.problem(422, "HYPERFLEET-VAL-000");
}

async fn a_key_is_kept_for_24_hours(app: TestApp) {
    let first = create(&app, "key-1", named("alpha")).await;
    app.advance(TimeDelta::hours(24));
    same(&first, &create(&app, "key-1", named("alpha")).await);
    create(&app, "key-1", named("beta")).await.problem(422, "HYPERFLEET-VAL-000");
    app.advance(TimeDelta::microseconds(1));
    create(&app, "key-1", named("beta")).await.status(201);
    assert_eq!(app.get("clusters").await.at("/total"), 2);
}

async fn of_many_at_once_one_creates_and_all_get_its_answer(app: TestApp) {
    let send = || create(&app, "key-1", named("alpha"));
    let (a, b, c, d, e, f) = tokio::join!(send(), send(), send(), send(), send(), send());
    for answer in [&b, &c, &d, &e, &f] {
        same(&a, answer);
    }
    assert_eq!(app.get("clusters").await.at("/total"), 1);
}

async fn a_key_is_for_creates_of_node_pools_as_well(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let other = app.a_cluster().named("other").create().await;
    let send = async |cluster: &Value| {
        let path = format!("clusters/{}/nodepools", id(cluster));
        Answer::of(app.request("POST", &path).header("idempotency-key", "key-1").json(&named("workers")))
            .await
    };
    let first = send(&cluster).await;
    first.status(201);
    same(&first, &send(&cluster).await);
    send(&other).await.problem(422, "HYPERFLEET-VAL-000");
    assert_eq!(app.get("nodepools").await.at("/total"), 1);
}
