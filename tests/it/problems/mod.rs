//! Bad requests: each is answered with a problem document that describes the fault and reveals no implementation
//! details.

mod bad;
mod bodies;
mod order;
mod paths;
mod queries;
mod representation;
mod resources;
mod statuses;
mod texts;
mod wire;

use crate::harness::{Engine, TestApp};
use bad::{Bad, Fleet};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bad_request_gets_a_complete_problem_document_alike_on_both_engines() {
    let sqlite = TestApp::start(Engine::Sqlite).await;
    let postgres = TestApp::start(Engine::Postgres).await;
    let fleets = [Fleet::create(&sqlite).await, Fleet::create(&postgres).await];
    let all: Vec<Bad> = [bodies::all(), resources::all(), statuses::all(), queries::all(), paths::all()]
        .into_iter()
        .flatten()
        .collect();
    assert!(all.len() >= 60, "{} bad requests", all.len());
    for bad in &all {
        let on_sqlite = fleets[0].refused(&sqlite, bad).await;
        let on_postgres = fleets[1].refused(&postgres, bad).await;
        assert_eq!(on_sqlite, on_postgres, "{}: the engines differ", bad.what);
    }
}
