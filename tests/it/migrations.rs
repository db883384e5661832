//! The schema: migrations up, down and up again, also from several processes at the same time.

use crate::harness::{Engine, Folder, Postgres, TestApp};
use api::cli::{self, Command};
use api::config::environment::{Environment, Variables};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::json;
use service::Clock;

/// Returns the names and definitions of everything in the database.
async fn schema(url: &str) -> Vec<String> {
    let database = Database::connect(url).await.expect("the database");
    let sql = match database.get_database_backend() {
        sea_orm::DbBackend::Sqlite => {
            "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') AS line FROM sqlite_master \
             WHERE name NOT LIKE 'seaql_%' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
        }
        _ => {
            "SELECT 'column ' || table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable AS line \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'seaql_%' \
             UNION ALL SELECT 'index ' || indexdef FROM pg_indexes \
             WHERE schemaname = 'public' AND tablename NOT LIKE 'seaql_%' ORDER BY 1"
        }
    };
    let rows = database.query_all_raw(Statement::from_string(database.get_database_backend(), sql)).await;
    let lines =
        rows.expect("the schema").iter().map(|row| row.try_get("", "line").expect("a line")).collect();
    database.close().await.expect("a close");
    lines
}

/// Returns the number of applied migrations and the number of all migrations.
async fn applied(url: &str) -> (usize, usize) {
    let status = migration::status(url).await.expect("the status");
    (status.iter().filter(|(_, applied)| *applied).count(), status.len())
}

async fn there_and_back_again(url: &str) {
    assert_eq!(schema(url).await, Vec::<String>::new());
    let (_, all) = applied(url).await;
    assert_eq!(applied(url).await, (0, all));
    migration::up(url).await.expect("up");
    assert_eq!(applied(url).await, (all, all));
    let first = schema(url).await;
    assert!(first.len() > 20, "{first:?}");
    migration::up(url).await.expect("up with nothing to do");
    assert_eq!(schema(url).await, first);
    for left in (0..all).rev() {
        migration::down(url).await.expect("down");
        assert_eq!(applied(url).await, (left, all));
    }
    assert_eq!(schema(url).await, Vec::<String>::new());
    migration::up(url).await.expect("up again");
    assert_eq!(schema(url).await, first);
}

#[tokio::test]
async fn migrations_go_up_all_the_way_down_and_up_again_on_sqlite() {
    let folder = Folder::new();
    there_and_back_again(&folder.sqlite("test.db")).await;
}

#[tokio::test]
async fn migrations_go_up_all_the_way_down_and_up_again_on_postgres() {
    there_and_back_again(&Postgres::get().await.empty().await).await;
}

/// The last migration fails because a table of the same name already exists.
async fn a_failure_leaves_the_schema_as_it_was(url: &str) {
    let database = Database::connect(url).await.expect("the database");
    database.execute_unprepared("CREATE TABLE change_log (other integer)").await.expect("a table");
    database.close().await.expect("a close");
    let before = schema(url).await;
    let error = migration::up(url).await.expect_err("the table is there").to_string();
    assert!(error.contains("change_log"), "{error}");
    assert_eq!(schema(url).await, before);
    assert_eq!(applied(url).await.0, 0);
}

#[tokio::test]
async fn a_failed_migration_leaves_the_schema_as_it_was_on_sqlite() {
    let folder = Folder::new();
    a_failure_leaves_the_schema_as_it_was(&folder.sqlite("test.db")).await;
}

#[tokio::test]
async fn a_failed_migration_leaves_the_schema_as_it_was_on_postgres() {
    a_failure_leaves_the_schema_as_it_was(&Postgres::get().await.empty().await).await;
}

/// Runs `count` migrations at the same time.
async fn at_once(url: &str, count: usize) {
    let racers: Vec<_> = (0..count)
        .map(|_| {
            let url = url.to_owned();
            tokio::spawn(async move { migration::up(&url).await })
        })
        .collect();
    for racer in racers {
        racer.await.expect("no panic").expect("a migration");
    }
    let (done, all) = applied(url).await;
    assert_eq!(done, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_at_once_migrate_one_postgres_database() {
    let url = Postgres::get().await.empty().await;
    at_once(&url, 16).await;
    assert_eq!(schema(&url).await, schema(&Postgres::get().await.migrated().await).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_at_once_migrate_one_sqlite_file() {
    let folder = Folder::new();
    at_once(&folder.sqlite("test.db"), 4).await;
}

/// Starts a server on the database at `url`. It does not migrate unless `settings` enable it.
async fn serve(url: &str, settings: &[(&str, &str)]) -> Result<api::serve::Running, String> {
    let defaults = [
        ("HYPERFLEET_SERVER_HOST", "127.0.0.1"),
        ("HYPERFLEET_SERVER_PORT", "0"),
        ("HYPERFLEET_HEALTH_PORT", "0"),
        ("HYPERFLEET_METRICS_PORT", "0"),
        ("HYPERFLEET_DATABASE_URL", url),
    ];
    let all = defaults.iter().chain(settings);
    let variables: Variables = all.map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let environment = Environment { variables: &variables, read_file: &|path| std::fs::read(path) };
    let parsed = cli::parse(["hyperfleet-api".into()], &environment);
    let Command::Serve(config) = parsed.expect("the settings are good").0 else { panic!("another command") };
    let start = "2026-01-02T03:04:05Z".parse().expect("a time");
    api::serve::start(*config, Clock::new(move || start)).await.map_err(|error| error.to_string())
}

async fn stop(mut running: api::serve::Running) {
    running.stop();
    running.stopped().await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_on_postgres_refuses_pending_migrations_and_names_the_command() {
    let url = Postgres::get().await.empty().await;
    let refusal = serve(&url, &[]).await.expect_err("an empty database is refused");
    assert!(refusal.contains("hyperfleet-api migrate up"), "{refusal}");
    assert_eq!(schema(&url).await, Vec::<String>::new(), "a refusal changes nothing");
    migration::up(&url).await.expect("up");
    migration::down(&url).await.expect("down");
    let refusal = serve(&url, &[]).await.expect_err("one pending migration is refused");
    assert!(refusal.contains("hyperfleet-api migrate up"), "{refusal}");
    let (last, _) = migration::status(&url).await.expect("the status").pop().expect("migrations");
    assert!(refusal.contains(&last), "{refusal}");
    migration::up(&url).await.expect("up again");
    stop(serve(&url, &[]).await.expect("it starts")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_on_postgres_migrates_if_told_to() {
    let url = Postgres::get().await.empty().await;
    let running = serve(&url, &[("HYPERFLEET_DATABASE_AUTO_MIGRATE", "true")]).await.expect("it starts");
    stop(running).await;
    let (done, all) = applied(&url).await;
    assert_eq!(done, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_on_sqlite_migrates_unless_told_not_to() {
    let folder = Folder::new();
    let refusal = serve(&folder.sqlite("test.db"), &[("HYPERFLEET_DATABASE_AUTO_MIGRATE", "false")]).await;
    let refusal = refusal.expect_err("an empty database is refused");
    assert!(refusal.contains("hyperfleet-api migrate up"), "{refusal}");
    stop(serve(&folder.sqlite("test.db"), &[]).await.expect("it starts")).await;
    let (done, all) = applied(&folder.sqlite("test.db")).await;
    assert_eq!(done, all);
}

/// As in a rolling update, during which pods of the previous version continue to serve, or in a rollback after it.
async fn a_version_serves_on_when_a_later_one_has_migrated(url: &str) {
    migration::up(url).await.expect("up");
    let (_, all) = applied(url).await;
    let running = serve(url, &[]).await.expect("it starts");
    let later = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_later', 0)";
    let database = Database::connect(url).await.expect("the database");
    database.execute_unprepared(later).await.expect("a row");
    database.close().await.expect("a close");
    let ready = format!("http://{}/readyz", running.health[0]);
    assert_eq!(reqwest::get(&ready).await.expect("an answer").status(), 200);
    stop(running).await;
    migration::up(url).await.expect("up with nothing to do");
    stop(serve(url, &[]).await.expect("it starts again")).await;
    assert_eq!(applied(url).await, (all + 1, all + 1), "the status tells of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_serves_on_when_a_later_one_has_migrated_sqlite() {
    let folder = Folder::new();
    a_version_serves_on_when_a_later_one_has_migrated(&folder.sqlite("test.db")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_serves_on_when_a_later_one_has_migrated_postgres() {
    a_version_serves_on_when_a_later_one_has_migrated(&Postgres::get().await.empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_outlives_the_server() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let mut app = TestApp::start(engine).await;
        let cluster = app.a_cluster().labelled("env", "test").create().await;
        app.stop().await;
        let next = app.replica(&[]).await;
        next.get(cluster["href"].as_str().expect("a path")).await.status(200).body(&cluster);
    }
}

/// A migration that derives data from stored rows derives it again when it is reapplied.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn derived_data_is_rebuilt_when_its_migration_is_applied_again() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let mut app = TestApp::start(engine).await;
        let cluster = app.a_cluster().labelled("env", "test").create().await;
        app.a_node_pool(cluster["id"].as_str().expect("an id")).create().await;
        app.a_cluster().named("beta").create().await;
        app.stop().await;
        let url = &app.database_url;
        let labels = migration::status(url).await.expect("the status");
        let labels = labels.iter().position(|(name, _)| name.ends_with("_labels")).expect("labels");
        while applied(url).await.0 > labels {
            migration::down(url).await.expect("down");
        }
        migration::up(url).await.expect("up");
        let next = app.replica(&[]).await;
        let found = next.list("clusters", &[("search", "labels.env='test'")]).await;
        assert_eq!((found.at("/total"), found.at("/items/0/id")), (&json!(1), &cluster["id"]), "{engine:?}");
        assert_eq!(next.get("clusters").await.at("/total"), 2, "{engine:?}");
        assert_eq!(next.get("nodepools").await.at("/total"), 1, "{engine:?}");
        next.delete(cluster["href"].as_str().expect("a path")).await.status(202);
        assert_eq!(next.get("clusters").await.at("/total"), 1, "{engine:?}");
    }
}
