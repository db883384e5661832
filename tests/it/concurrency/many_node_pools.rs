use super::text;
use crate::harness::{Engine, TestApp};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const NODE_POOLS: usize = 10_000;
/// Limits far above the time needed on an idle machine.
const READ: Duration = Duration::from_secs(5);
const DELETE: Duration = Duration::from_secs(20);
/// The maximum number of statements that change node pools when their cluster is deleted: a few per thousand node
/// pools.
const STATEMENTS: i64 = 40;

const COPIED: &str = "owner_id, generation, revision, spec, labels, phase, observed_generation, \
    status_updated_time, status_transition_time, conditions, adapters, reconciled, reconciled_updated_time, \
    reconciled_bucket, created_time, updated_time, created_by, updated_by";

/// Records each statement that changes node pools, however many rows it changes.
const NOTE_STATEMENTS: &str = "
    CREATE TABLE noted_statements (operation text);
    CREATE FUNCTION note_statement() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO noted_statements VALUES (TG_OP); RETURN NULL; END $$;
    CREATE TRIGGER note_statement AFTER INSERT OR UPDATE OR DELETE ON node_pools
    FOR EACH STATEMENT EXECUTE FUNCTION note_statement()";

crate::engines![
    a_cluster_with_10_000_node_pools_is_read_and_marked_with_all_of_them,
    a_cluster_with_10_000_node_pools_is_removed_with_all_of_them,
];

/// Creates a cluster with 10,000 node pools, all copies of one.
async fn a_large_cluster(app: &TestApp) -> Value {
    let cluster = app.a_cluster().create().await;
    app.a_node_pool(text(&cluster, "id")).create().await;
    let (id, numbers) = match app.engine {
        Engine::Sqlite => (
            "randomblob(16)",
            "WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)",
        ),
        Engine::Postgres => ("gen_random_uuid()", "WITH numbers(n) AS (SELECT generate_series(2, 10000))"),
    };
    let copy = format!(
        "INSERT INTO node_pools (id, name, {COPIED})
         {numbers} SELECT {id}, 'pool-' || n, {COPIED} FROM node_pools, numbers"
    );
    let db = Database::connect(&app.database_url).await.expect("the database");
    db.execute_unprepared(&copy).await.expect("copies of the node pool");
    if app.engine == Engine::Postgres {
        db.execute_unprepared(NOTE_STATEMENTS).await.expect("a trigger");
    }
    db.close().await.expect("the connection closes");
    cluster
}

/// Asserts that the number of statements is within the limit. SQLite cannot count them, but runs the same statements.
async fn check_statements(app: &TestApp) {
    if app.engine == Engine::Postgres {
        let db = Database::connect(&app.database_url).await.expect("the database");
        let noted =
            Statement::from_string(db.get_database_backend(), "SELECT count(*) FROM noted_statements");
        let noted = db.query_one_raw(noted).await.expect("a count").expect("a row");
        let noted: i64 = noted.try_get_by_index(0).expect("a number");
        assert!((1..=STATEMENTS).contains(&noted), "{noted} statements");
    }
}

async fn a_cluster_with_10_000_node_pools_is_read_and_marked_with_all_of_them(app: TestApp) {
    let app = app.replica(&[("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", "validation")]).await;
    let cluster = a_large_cluster(&app).await;
    let href = text(&cluster, "href");
    within(READ, async {
        app.get(href).await.status(200).body(&cluster);
    })
    .await;
    within(DELETE, async {
        app.delete(href).await.status(202);
    })
    .await;
    within(READ, async {
        let node_pools = app.list("nodepools", &[("search", "deleted_time is not null")]).await;
        assert_eq!(node_pools.status(200).at("/total"), NODE_POOLS);
        for node_pool in node_pools.body["items"].as_array().expect("a list") {
            assert_eq!(node_pool["generation"], 2);
            assert_eq!(node_pool["status"]["conditions"][0]["observed_generation"], 2);
        }
    })
    .await;
    assert_eq!(app.get("nodepools").await.at("/total"), NODE_POOLS);
    let force = json!({"reason": "the test is over"});
    within(DELETE, async {
        app.post(&format!("{href}/force-delete"), force).await.status(204);
    })
    .await;
    assert_eq!(app.get("nodepools").await.at("/total"), 0);
    check_statements(&app).await;
}

async fn a_cluster_with_10_000_node_pools_is_removed_with_all_of_them(app: TestApp) {
    let cluster = a_large_cluster(&app).await;
    let href = text(&cluster, "href");
    assert_eq!(app.get("nodepools").await.at("/total"), NODE_POOLS);
    within(DELETE, async {
        app.delete(href).await.status(202);
    })
    .await;
    app.get(href).await.problem(404, "HYPERFLEET-NTF-001");
    let left = app.get("nodepools").await;
    assert_eq!((left.at("/total"), left.at("/items")), (&json!(0), &json!([])));
    check_statements(&app).await;
}

async fn within(limit: Duration, work: impl Future<Output = ()>) {
    let start = Instant::now();
    work.await;
    assert!(start.elapsed() < limit, "took {:?}", start.elapsed());
}
