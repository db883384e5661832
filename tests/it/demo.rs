//! The fleet of `serve --demo`.

use crate::harness::{Process, TestApp, service};
use api::demo::{fill, round};
use chrono::TimeDelta;
use serde_json::json;
use service::{Clock, Context};
use std::sync::{Arc, Mutex};

crate::engines![
    an_empty_database_is_filled_and_its_adapters_report,
    a_database_with_anything_in_it_is_left_alone,
    what_is_deleted_goes_when_its_adapters_have_cleaned_up,
];

/// Returns the service on the database of `app`, and a function that advances its clock by seconds.
async fn demo(app: &TestApp) -> (Context, impl Fn(i64)) {
    let now = Arc::new(Mutex::new(app.now()));
    let clock = now.clone();
    let context =
        service(app.database_url.clone(), Clock::new(move || *clock.lock().expect("the clock"))).await;
    (context, move |seconds| *now.lock().expect("the clock") += TimeDelta::seconds(seconds))
}

async fn an_empty_database_is_filled_and_its_adapters_report(app: TestApp) {
    let (context, pass) = demo(&app).await;
    assert_eq!(fill(&context).await.expect("a fleet"), 6);
    assert_eq!(app.get("nodepools").await.status(200).at("/total"), 12);
    let in_phase = async |phase: &str| {
        let search = format!("status.phase = '{phase}'");
        app.list("clusters", &[("search", &search), ("order", "name")]).await.status(200).names()
    };
    round(&context, 0).await.expect("reports");
    assert_eq!((in_phase("Ready").await.len(), in_phase("NotReady").await.len()), (0, 5));
    pass(60);
    round(&context, 1).await.expect("reports");
    assert_eq!((in_phase("Ready").await.len(), in_phase("NotReady").await.len()), (5, 0));
    assert_eq!(in_phase("Failed").await, ["batch-us-east"]);
    let pools = app.list("nodepools", &[("search", "status.phase = 'Ready'")]).await;
    assert_eq!(pools.status(200).at("/total"), 12);
    // In some rounds a cluster is changed, and its adapters report on the new generation.
    round(&context, 11).await.expect("reports");
    assert_eq!(in_phase("NotReady").await, ["batch-eu-west"]);
    pass(60);
    round(&context, 12).await.expect("reports");
    assert_eq!(in_phase("Ready").await.len(), 5);
    context.db.close().await;
}

async fn a_database_with_anything_in_it_is_left_alone(app: TestApp) {
    let (context, _) = demo(&app).await;
    let cluster = app.a_cluster().create().await;
    assert_eq!(fill(&context).await.expect("nothing to do"), 0);
    round(&context, 11).await.expect("nothing to do");
    let clusters = app.get("clusters").await;
    assert_eq!(clusters.status(200).at("/items"), &json!([cluster]));
    context.db.close().await;
}

async fn what_is_deleted_goes_when_its_adapters_have_cleaned_up(app: TestApp) {
    let (context, pass) = demo(&app).await;
    fill(&context).await.expect("a fleet");
    round(&context, 0).await.expect("reports");
    let failing = app.list("clusters", &[("search", "name = 'batch-us-east'")]).await;
    let path = failing.status(200).text_at("/items/0/href");
    app.delete(&path).await.status(202);
    round(&context, 1).await.expect("reports");
    let waiting = app.get(&format!("{path}/explain")).await;
    assert_eq!(waiting.status(200).at("/state"), "finalizing");
    pass(60);
    // The node pools are removed first, then the cluster.
    round(&context, 2).await.expect("reports");
    round(&context, 3).await.expect("reports");
    app.get(&path).await.status(404);
    context.db.close().await;
}

#[tokio::test]
async fn the_program_shows_it() {
    let server = Process::start_with(&["serve", "--demo"], &[]).await;
    let created = async {
        while server
            .get(&format!("{}/api/hyperfleet/v1/nodepools", server.url))
            .await
            .status(200)
            .at("/total")
            != 12
        {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), created).await.expect("a fleet");
    server.stop().await;
}
