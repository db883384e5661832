//! Limits on the cost of a statement: its duration, on both engines, and the memory of the server that prepares it.

use crate::harness::{Engine, Postgres, TestApp, service};
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;
use service::list::{Collection, ListOrder};
use service::resource::{ListQuery, Start, list};
use service::{Clock, Consistency, Kind, search};
use std::time::{Duration, Instant};

/// An upper bound for a request that is stopped at its deadline on a busy machine. The searches would run longer.
const STOPPED: Duration = Duration::from_secs(30);
/// The number of searches of different shapes.
const SHAPES: usize = 150;
/// The maximum number of prepared statements per connection.
const PREPARED: i64 = 32;

/// Without a limit, each of these searches runs for a minute.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_past_its_deadline_is_stopped_and_others_go_on() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let settings =
            [("HYPERFLEET_SERVER_REQUEST_TIMEOUT", "3s"), ("HYPERFLEET_DATABASE_POOL_MAX_CONNECTIONS", "2")];
        let mut app = TestApp::with(engine, &settings).await;
        let text = "a".repeat(100_000);
        for number in 0..60 {
            let body = json!({"kind": "Cluster", "name": format!("cluster-{number}"), "spec": {"b": text}});
            app.post("clusters", body).await.status(201);
        }
        let expensive = format!("spec.b like '%{}b%'", "a".repeat(2000));
        let ask = async || {
            let asked = Instant::now();
            let answer = app.list("clusters", &[("search", &expensive)]).await;
            assert!(asked.elapsed() < STOPPED, "{engine:?}: {:?}", asked.elapsed());
            answer.problem(504, "HYPERFLEET-SVC-002");
        };
        join_all([ask(), ask()]).await;
        // Each request is answered within the deadline, which requires that the connections are free. The page is
        // small, so that the time to transfer six megabytes does not matter.
        app.list("clusters", &[("size", "1")]).await.status(200);
        app.a_cluster().create().await;
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn searches_of_many_shapes_leave_few_prepared_statements() {
    let context = service(Postgres::get().await.migrated().await, Clock::system()).await;
    let clusters = Collection::of(Kind::Cluster);
    for shape in 1..=SHAPES {
        let text = vec!["name='x'"; shape % 50 + 1].join(if shape < 50 { " or " } else { " and " });
        let text = format!("{text} or spec.k{shape} = 'x'");
        let query = ListQuery {
            filter: Some(search::parse(&clusters, &text).expect("a search")),
            order: ListOrder::parse(&clusters, "", &[&text]).expect("an order"),
            from: Start::Page(1),
            size: 10,
            total: true,
        };
        list(&context, Consistency::Strong, (Kind::Cluster, None), &query).await.expect("a list");
    }
    let count = Statement::from_string(DbBackend::Postgres, "SELECT count(*) FROM pg_prepared_statements");
    let kept = context.db.primary().query_one_raw(count).await.expect("an answer").expect("a row");
    let kept: i64 = kept.try_get_by_index(0).expect("a number");
    assert!(kept <= PREPARED, "{kept}");
}
