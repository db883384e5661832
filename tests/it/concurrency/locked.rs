//! A locked resource delays only the requests that write to it.

use crate::harness::{Engine, TestApp, report};
use crate::statuses::href;
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, Database, TransactionTrait};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};

/// More writers than database connections.
const WRITERS: usize = 24;

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_resource_takes_no_connection_from_the_others() {
    let app = TestApp::with(Engine::Postgres, &[("HYPERFLEET_DATABASE_POOL_ACQUIRE_TIMEOUT", "2s")]).await;
    let locked = app.a_cluster().named("locked").create().await;
    let other = app.a_cluster().named("other").create().await;
    let database = Database::connect(&app.database_url).await.expect("the database");
    let holder = database.begin().await.expect("a transaction");
    holder
        .execute_unprepared("SELECT 1 FROM clusters WHERE name = 'locked' FOR UPDATE")
        .await
        .expect("a lock");

    // The writers wait for the lock until the other requests are done: each refused request is retried.
    let done = AtomicBool::new(false);
    let write = async |number: usize| {
        loop {
            let answer = match number % 2 {
                0 => app.patch(href(&locked), json!({"labels": {"n": number.to_string()}})).await,
                _ => app.report(href(&locked), report("dns", 1, &[("Available", "True")])).await,
            };
            answer.problem(503, "HYPERFLEET-SVC-001");
            assert!(!answer.header("retry-after").is_empty());
            if done.load(Ordering::Relaxed) {
                return;
            }
        }
    };
    // If the waiting writers held the connections, these requests would reach the timeout for a connection and be
    // refused.
    let others = async {
        for number in 0..20 {
            app.get(href(&other)).await.status(200);
            app.patch(href(&other), json!({"labels": {"n": number.to_string()}})).await.status(200);
            let reported =
                app.report(href(&other), report("dns", number + 1, &[("Available", "True")])).await;
            assert!(reported.status < 300, "{} {}", reported.status, reported.text);
            app.a_cluster().named(&format!("new-{number}")).create().await;
            app.get("clusters").await.status(200);
        }
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(join_all((0..WRITERS).map(write)), others);
    holder.rollback().await.expect("the end of the lock");
    app.patch(href(&locked), json!({"labels": {"n": "last"}})).await.status(200);
}

/// The session sets the values that the service relies on, whatever the defaults of the role are.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_does_not_depend_on_the_defaults_of_its_role() {
    let app = TestApp::start(Engine::Postgres).await;
    let database = Database::connect(&app.database_url).await.expect("the database");
    let name = app.database_url.rsplit('/').next().expect("a name").split('?').next().expect("a name");
    for default in
        ["default_transaction_isolation = 'repeatable read'", "timezone = 'Asia/Tokyo'", "lock_timeout = 1"]
    {
        database.execute_unprepared(&format!("ALTER DATABASE {name} SET {default}")).await.expect(default);
    }
    let replica = app.replica(&[]).await;
    let cluster = replica.a_cluster().create().await;
    let patch = |number: usize| replica.patch(href(&cluster), json!({"labels": {"n": number.to_string()}}));
    for answer in join_all((0..16).map(patch)).await {
        answer.status(200);
    }
    assert_eq!(replica.get(href(&cluster)).await.at("/generation"), 17);
    assert_eq!(replica.get(href(&cluster)).await.at("/created_time"), &cluster["created_time"]);
}

/// Reports that arrive together are handled together, whatever resources they are about.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_to_a_resource_of_the_wrong_kind_is_never_taken_for_another() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let app = TestApp::start(engine).await;
        let cluster = app.a_cluster().create().await;
        let wrong = format!("nodepools/{}", cluster["id"].as_str().expect("an id"));
        let both = async |number: usize| match number % 2 {
            0 => {
                app.report(href(&cluster), report("dns", 1, &[("Available", "True")])).await.status(201);
            }
            _ => {
                app.report(&wrong, report("dns", 1, &[("Available", "False")]))
                    .await
                    .problem(404, "HYPERFLEET-NTF-001");
            }
        };
        join_all((0..32).map(both)).await;
        assert_eq!(app.get(href(&cluster)).await.at("/status/phase"), "Ready", "{engine:?}");
    }
}
