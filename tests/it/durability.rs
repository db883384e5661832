//! Acknowledged writes are complete after the process is killed while it works.

mod load;
mod server;
mod tables;

use crate::harness::{Folder, Postgres};
use crate::model::{Settings, json_equal, recomputed};
use load::{Known, Ledger, work};
use sea_orm::Database;
use serde_json::{Value, json};
use server::Server;
use std::time::Duration;
use tokio::task::JoinSet;
use uuid::Uuid;

const KILLS: usize = 20;
const WORKERS: usize = 6;
/// The maximum time in milliseconds before the server is killed.
const LONGEST: u64 = 600;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_every_acknowledged_write_outlives_a_kill() {
    let folder = Folder::new();
    kill_again_and_again(&folder.sqlite("test.db")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_every_acknowledged_write_outlives_a_kill() {
    kill_again_and_again(&Postgres::get().await.migrated().await).await;
}

async fn kill_again_and_again(database: &str) {
    let mut ledgers: Vec<Ledger> = (0..WORKERS).map(Ledger::new).collect();
    for kill in 0..KILLS {
        let mut server = Server::start(database).await;
        let mut running = JoinSet::new();
        for ledger in ledgers.drain(..) {
            running.spawn(work(server.url.clone(), ledger));
        }
        let worked = Uuid::new_v4().as_u64_pair().1 % LONGEST;
        tokio::time::sleep(Duration::from_millis(worked)).await;
        server.kill();
        ledgers = running.join_all().await;
        let server = Server::start(database).await;
        for ledger in &mut ledgers {
            check(&server, ledger)
                .await
                .unwrap_or_else(|loss| panic!("kill {kill}, after {worked} ms: {loss}"));
        }
        tables::check(&Database::connect(database).await.expect("the database")).await;
    }
    let acknowledged: usize = ledgers.iter().map(|ledger| ledger.acknowledged).sum();
    assert!(acknowledged > KILLS * WORKERS, "hardly anything was done: {acknowledged}");
}

/// Compares the server's state with the acknowledged writes. For a request without a response, only the consistency
/// of the resource is checked, and the resource is then no longer tracked.
async fn check(server: &Server, ledger: &mut Ledger) -> Result<(), String> {
    let doubtful = std::mem::take(&mut ledger.doubtful);
    let is_doubtful = |href: &str| doubtful.iter().any(|doubt| href.starts_with(doubt.as_str()));
    for (href, known) in &ledger.known {
        let (status, body) = server.get(href).await;
        let (_, list) = server.get(&format!("{href}/statuses?size=500")).await;
        if !is_doubtful(href) {
            compare(status, &body, &list["items"], known)
                .map_err(|loss| format!("{href}: {loss}\nfound {body}\nreports {list}\nknown {known:?}"))?;
        }
        if status == 200 {
            let expected = recomputed(&Settings::default(), &body, &list["items"]);
            if !json_equal(&body, &expected) {
                return Err(format!("half a write:\nfound    {body}\nexpected {expected}"));
            }
        }
    }
    ledger.known.retain(|href, _| !is_doubtful(href));
    Ok(())
}

fn compare(status: u16, body: &Value, reports: &Value, known: &Known) -> Result<(), String> {
    let Known { acknowledged, reports: acknowledged_reports, is_gone } = known;
    if *is_gone {
        return if status == 404 { Ok(()) } else { Err("it was removed and is back".to_owned()) };
    }
    if status != 200 {
        return Err(format!("lost: {status}"));
    }
    for key in ["id", "name", "spec", "labels", "generation", "updated_time", "deleted_time"] {
        if body.get(key) != acknowledged.get(key) {
            return Err(format!("{key} differs"));
        }
    }
    for (adapter, time) in acknowledged_reports {
        let is_it = |report: &Value| report["adapter"] == **adapter && report["last_report_time"] == *time;
        if !reports.as_array().is_some_and(|reports| reports.iter().any(is_it)) {
            return Err(format!("the report of {adapter} at {time} is lost"));
        }
    }
    let count = reports.as_array().map(Vec::len);
    if json!(count) == json!(acknowledged_reports.len()) {
        Ok(())
    } else {
        Err("reports nobody sent".to_owned())
    }
}
