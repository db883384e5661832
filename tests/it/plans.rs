//! The queries that Sentinels and users send are answered from indexes: none reads a whole table.

use crate::harness::{Folder, Postgres, Process, service};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::json;
use service::list::{Collection, Cursor, ListOrder};
use service::resource::{ListQuery, Start, list, plan};
use service::{Clock, Consistency, Context, Kind, search};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// A hundred thousand clusters with three labels, generated in the database.
const FLEET: &str = "
    CREATE TEMP TABLE fleet AS
    SELECT n, ('0' || to_hex(1760000000000 + n) || '70008000000000000000')::uuid AS id,
           to_timestamp((1760000000000 + n) / 1000.0) AS made, n % 100 <> 7 AS reconciled
    FROM generate_series(1, 100000) AS n;
    INSERT INTO clusters
    SELECT id, 'cluster-' || n, 1, 1, '{\"region\":\"eu\"}', '{}',
           CASE WHEN reconciled THEN 'Ready' ELSE 'NotReady' END, 1, made, made, '[]', '[]', reconciled,
           made + n * interval '1 minute', floor(extract(epoch FROM made + n * interval '1 minute') / 600)::bigint,
           made, made, NULL, 'x', 'x', NULL
    FROM fleet;
    INSERT INTO labels (owner_id, owner_type, key, value)
    SELECT id, 'Cluster', key, value FROM fleet, LATERAL (VALUES
        ('tier', CASE WHEN n % 100 = 3 THEN 'gold' ELSE 'bronze' END),
        ('canary', CASE WHEN n = 1 THEN 'yes' ELSE 'no' END), ('env', 'production')) AS label (key, value);
    INSERT INTO node_pools
    SELECT ('0' || to_hex(1760000000000 + n) || '70009000000000000000')::uuid, 'pool', 1, 1, '{}', '{}', 'Ready', 1, made,
           made, '[]', '[]', true, made, 1, made, made, NULL, 'x', 'x', NULL, id
    FROM fleet;
    INSERT INTO changes (kind, resource_id, change, changed_time, changed_by, document)
    SELECT 'Cluster', id, 'created', now(), 'x', '{}' FROM fleet;";

/// Creates a database with the fleet and returns its URL.
async fn fleet() -> String {
    let url = Postgres::get().await.migrated().await;
    let database = Database::connect(&url).await.expect("a connection");
    database.execute_unprepared(FLEET).await.expect("a fleet");
    database.execute_unprepared("VACUUM ANALYZE").await.expect("statistics");
    database.close().await.expect("it closes");
    url
}

fn question(kind: Kind, text: &str, order: &str) -> ListQuery {
    let collection = Collection::of(kind);
    ListQuery {
        filter: (!text.is_empty()).then(|| search::parse(&collection, text).expect("a search")),
        order: ListOrder::parse(&collection, order, &[text]).expect("an order"),
        from: Start::Page(1),
        size: 100,
        total: false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_named_question_reads_a_whole_table() {
    let context = service(fleet().await, Clock::system()).await;
    let stale = "status.conditions.Reconciled='True' and status.conditions.Reconciled.last_updated_time < '2025-10-09T12:00:00Z'";
    for (text, order) in [
        ("", ""),
        ("", "name"),
        ("", "name desc"),
        ("", "updated_time"),
        ("", "created_time asc"),
        ("labels.tier='gold'", ""),
        ("labels.canary='yes'", ""),
        ("labels.absent='x'", ""),
        ("labels.tier='gold' and labels.env='production'", ""),
        ("labels.canary='yes' and labels.env='production'", "name"),
        ("status.conditions.Reconciled='False'", ""),
        ("status.conditions.Reconciled='False' and labels.tier='gold'", ""),
        (stale, ""),
        ("name='cluster-77'", ""),
        ("name in ('cluster-77','cluster-78')", ""),
        ("id='01997000-1234-7000-8000-000000000000'", ""),
        ("status.phase='NotReady'", ""),
        ("created_time > '2025-10-09T08:00:00Z' and created_time < '2025-10-09T09:00:00Z'", ""),
    ] {
        expect_indexes(&context, CLUSTERS, &question(Kind::Cluster, text, order), text, order).await;
    }
    let owner = "owner_id='01997000-1234-7000-8000-000000000000'";
    expect_indexes(&context, NODE_POOLS, &question(Kind::NodePool, owner, ""), owner, "").await;
    let nested = (Kind::NodePool, Some(Uuid::max()));
    expect_indexes(&context, nested, &question(Kind::NodePool, "", ""), "of a cluster", "").await;
    // Continuation after a row in the middle, which numbered pages use as well.
    for (text, order) in
        [("", "name"), ("labels.env='production'", ""), ("status.conditions.Reconciled='True'", "")]
    {
        let first = question(Kind::Cluster, text, order);
        let page = list(&context, Consistency::Strong, CLUSTERS, &first).await.expect("a page");
        let cursor = page.next.and_then(|next| Cursor::decode(&next)).expect("a cursor");
        let query = ListQuery { from: Start::Cursor(cursor), ..first };
        expect_indexes(&context, CLUSTERS, &query, text, order).await;
    }
    let far = ListQuery { from: Start::Page(900), ..question(Kind::Cluster, "", "") };
    expect_indexes(&context, CLUSTERS, &far, "page 900", "").await;
}

/// The listed kind, and the cluster that contains the resources, if any.
type Listed = (Kind, Option<Uuid>);

const CLUSTERS: Listed = (Kind::Cluster, None);
const NODE_POOLS: Listed = (Kind::NodePool, None);

async fn expect_indexes(context: &Context, listed: Listed, query: &ListQuery, text: &str, order: &str) {
    let plan = plan(context, listed, query).await.expect("a plan").join("\n");
    // The table `change_log` has a single row.
    let whole = plan.lines().find(|line| line.contains("Seq Scan") && !line.contains("on change_log"));
    assert_eq!(whole, None, "search {text:?}, order {order:?}:\n{plan}");
}

/// Ten thousand clusters with labels on SQLite, without statistics on the frequency of values.
const SQLITE_FLEET: &str = "
    CREATE TEMP TABLE fleet AS
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
    SELECT n, unhex(printf('%012x70008000000000000000', 1760000000000 + n)) AS id, n % 100 <> 7 AS good,
           strftime('%Y-%m-%dT%H:%M:%S+00:00', 1760000000 + 60 * n, 'unixepoch') AS made
    FROM numbers;
    INSERT INTO clusters
    SELECT id, 'cluster-' || n, 1, 1, '{}', '{}', CASE WHEN good THEN 'Ready' ELSE 'NotReady' END, 1, made, made, '[]',
           '[]', good, made, (1760000000 + 60 * n) / 600, made, made, NULL, 'x', 'x', NULL, made
    FROM fleet;
    INSERT INTO labels (owner_id, owner_type, key, value)
    SELECT id, 'Cluster', 'tier', iif(n % 100 = 3, 'gold', 'bronze') FROM fleet
    UNION ALL SELECT id, 'Cluster', 'env', 'production' FROM fleet;";

#[tokio::test]
async fn sqlite_finds_what_is_rare_first_and_reads_what_is_frequent_in_order() {
    let folder = Folder::new();
    migration::up(&folder.sqlite("fleet.db")).await.expect("a schema");
    let database = Database::connect(folder.sqlite("fleet.db")).await.expect("a connection");
    database.execute_unprepared(SQLITE_FLEET).await.expect("a fleet");
    let context = service(folder.sqlite("fleet.db"), Clock::system()).await;
    let (rare, in_order) = ("LIST SUBQUERY", "SCAN clusters USING INDEX");
    let stale = "status.conditions.Reconciled.last_updated_time < '2025-10-09T10:00:00Z'";
    for (text, order, expected, not) in [
        ("labels.tier='gold'", "", "labels_search", in_order),
        ("labels.env='production'", "", "clusters_1", rare),
        ("labels.env='production' and labels.tier='gold'", "name", "CORRELATED", in_order),
        (&format!("status.conditions.Reconciled='True' and {stale}"), "", "reconciled_bucket_id", in_order),
        (&format!("labels.env='production' and not {stale}"), "", in_order, rare),
        ("status.phase='NotReady' and labels.env='production'", "", "clusters_phase_id", rare),
        ("status.phase='NotReady' and labels.env='production'", "name", "clusters_phase_id", in_order),
        ("status.phase='Ready'", "name", "clusters_name_id", "TEMP B-TREE"),
        ("status.phase='Ready'", "", "clusters_phase_id", "TEMP B-TREE"),
        ("created_time < '2025-10-09T08:53:20.1Z'", "name", "clusters_1", in_order),
        ("id='01997000-1234-7000-8000-000000000000' and labels.env='production'", "", rare, "labels_search"),
    ] {
        let query = ListQuery { size: 20, ..question(Kind::Cluster, text, order) };
        let plan = plan(&context, CLUSTERS, &query).await.expect("a plan").join("\n");
        let fits = plan.contains(expected) && !plan.contains(not);
        assert!(fits, "search {text:?}, order {order:?}, expected {expected:?}, not {not:?}:\n{plan}");
    }
}

/// Returns the number of sequential scans of each table, after all other sessions of the database have ended.
async fn whole_reads(url: &str) -> BTreeMap<String, i64> {
    let database = Database::connect(url).await.expect("a connection");
    let query = |sql: &str| Statement::from_string(DbBackend::Postgres, sql);
    // A session reports its statistics at the latest when it ends.
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    loop {
        let row = database.query_one_raw(query(others)).await.expect(others).expect("a count");
        if row.try_get_by_index::<i64>(0).expect("a count") == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let tables = "SELECT relname::text, seq_scan FROM pg_stat_user_tables
        WHERE relname IN ('clusters', 'labels', 'changes', 'adapter_statuses')";
    let rows = database.query_all_raw(query(tables)).await.expect(tables);
    database.close().await.expect("it closes");
    rows.iter().map(|row| row.try_get_many_by_index().expect("a table")).collect()
}

#[tokio::test]
async fn neither_totals_nor_the_changes_of_a_list_read_a_whole_table() {
    let url = fleet().await;
    let before = whole_reads(&url).await;
    assert_eq!(before.len(), 4);
    let process = Process::start(&[("HYPERFLEET_DATABASE_URL", &url)]).await;
    process.metrics_until(|metrics| metrics.get("hyperfleet_changes_head", &[]) >= Some(100_000.0)).await;
    let clusters = format!("{}/api/hyperfleet/v1/clusters", process.url);
    let page = async |search: &str| {
        let answer = process.get(&format!("{clusters}?size=5&search={search}")).await;
        answer.status(200).body["total"].as_i64()
    };
    // The first request counts. The following ones use the index, which reads the changes and then finds the page by
    // its ids.
    for (total, name) in [(1, "new-1"), (2, "new-2"), (3, "new-3")] {
        for _ in 0..2 {
            assert_eq!(page("labels.canary%3D%27yes%27").await, Some(total));
            assert_eq!(page("").await, Some(100_000 + total - 1));
        }
        let new = json!({"kind": "Cluster", "name": name, "labels": {"canary": "yes"}, "spec": {}});
        let created = process.request("POST", "/api/hyperfleet/v1/clusters").json(&new).send().await;
        assert_eq!(created.expect("an answer").status(), 201);
    }
    let metrics = process.metrics().await;
    let reads = |result| metrics.get("hyperfleet_page_index_reads_total", &[("result", result)]);
    assert_eq!((reads("built"), reads("unavailable")), (Some(2.0), Some(0.0)));
    assert_eq!((reads("updated"), reads("used")), (Some(4.0), Some(12.0)));
    process.stop().await;
    assert_eq!(whole_reads(&url).await, before);
}
