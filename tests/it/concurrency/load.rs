use super::text;
use crate::harness::{Answer, Engine, TestApp, report};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const WORKERS: usize = 12;
const LASTS: Duration = Duration::from_secs(5);

crate::engines![cascades_forced_deletions_and_reports_on_the_same_resources_do_not_lock_each_other_out];

/// Each worker creates, changes and deletes clusters whose names it shares with the other workers.
async fn cascades_forced_deletions_and_reports_on_the_same_resources_do_not_lock_each_other_out(
    mut app: TestApp,
) {
    let settings = [
        ("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", "validation"),
        ("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "validation"),
    ];
    let shared = Arc::new(app.replica(&settings).await);
    let until = Instant::now() + LASTS;
    let mut running = JoinSet::new();
    for worker in 0..WORKERS {
        running.spawn(work(shared.clone(), worker, until));
    }
    let lives: usize = running.join_all().await.into_iter().sum();
    assert!(lives > WORKERS, "hardly anything was done: {lives}");
    let mut shared = Arc::into_inner(shared).expect("the workers are done");
    shared.stop().await;
    app.stop().await;
    if app.engine == Engine::Postgres {
        assert_eq!(deadlocks(&app.database_url).await, 0);
    }
}

async fn work(app: Arc<TestApp>, worker: usize, until: Instant) -> usize {
    let mut lives = 0;
    while Instant::now() < until {
        live(&app, worker, lives).await;
        lives += 1;
    }
    lives
}

/// Performs one step on each of the resources that all workers share.
async fn live(app: &TestApp, worker: usize, turn: usize) {
    let name = format!("shared-{}", (worker + turn) % 3);
    let created = app.post("clusters", json!({"name": name, "spec": {"turn": turn}})).await;
    passes(&created);
    let listed = app.list("clusters", &[("search", &format!("name='{name}'"))]).await;
    for cluster in listed.status(200).body["items"].as_array().expect("a list") {
        let href = text(cluster, "href");
        let pool = json!({"name": format!("pool-{}", turn % 4), "spec": {"turn": turn}});
        passes(&app.post(&format!("{href}/nodepools"), pool).await);
        let node_pools = app.list(&format!("{href}/nodepools"), &[]).await;
        for node_pool in node_pools.body["items"].as_array().into_iter().flatten() {
            touch(app, text(node_pool, "href"), worker + turn + 1).await;
        }
        touch(app, href, worker + turn).await;
    }
}

/// Changes, reports on, deletes or force-deletes a resource, depending on `turn`.
async fn touch(app: &TestApp, href: &str, turn: usize) {
    let answer = match turn % 7 {
        0 => app.patch(href, json!({"spec": {"turn": turn}, "labels": {"turn": turn.to_string()}})).await,
        1 => app.delete(href).await,
        2 => app.post(&format!("{href}/force-delete"), json!({"reason": "its turn has come"})).await,
        _ => {
            let answer = app.get(href).await;
            let generation = answer.body["generation"].as_i64().unwrap_or(1);
            let conditions =
                [("Available", "True"), ("Finalized", if turn.is_multiple_of(2) { "True" } else { "False" })];
            app.report(href, report("validation", generation, &conditions)).await
        }
    };
    passes(&answer);
}

/// Asserts that the response is a success or an expected 404 or 409, not an error caused by other requests.
fn passes(answer: &Answer) {
    assert!(matches!(answer.status, 200 | 201 | 202 | 204 | 404 | 409), "{} {}", answer.status, answer.text);
}

/// Returns the number of deadlocks that PostgreSQL has resolved in this database.
async fn deadlocks(url: &str) -> i64 {
    let db = Database::connect(url).await.expect("the database");
    let ask = async |sql: &str| {
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await;
        row.expect(sql).expect("a row").try_get_by_index::<i64>(0).expect("a number")
    };
    // A backend reports its statistics at the latest when it ends.
    ask("SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()")
    .await;
    ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").await
}
