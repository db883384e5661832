use crate::harness::{Answer, Engine, Process, TestApp, Throwaway, report};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::Value;
use std::time::{Duration, Instant};

async fn reading_from(primary: &str, replica: &str) -> TestApp {
    let settings = [
        ("HYPERFLEET_DATABASE_AUTO_MIGRATE", "true"),
        ("HYPERFLEET_DATABASE_READ_URL", replica),
        ("HYPERFLEET_DATABASE_POOL_ACQUIRE_TIMEOUT", "500ms"),
    ];
    TestApp::at(Engine::Postgres, primary, &settings).await
}

/// Reads a path with `Cache-Control: no-cache`, which requests the newest state.
async fn newest(app: &TestApp, path: &str) -> Answer {
    Answer::of(app.request("GET", path).header("Cache-Control", "no-cache")).await
}

async fn text(database: &DatabaseConnection, sql: &str) -> String {
    let row = database.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.expect(sql);
    row.expect(sql).try_get_by_index(0).expect("a text")
}

/// Pauses the replay: the standby continues to receive changes but does not apply them.
async fn pause(standby: &DatabaseConnection) {
    standby.execute_unprepared("SELECT pg_wal_replay_pause()").await.expect("a pause");
    while text(standby, "SELECT pg_get_wal_replay_pause_state()").await != "paused" {
        tokio::task::yield_now().await;
    }
}

async fn until_read(app: &TestApp, href: &str) {
    let asked = Instant::now();
    while app.get(href).await.status != 200 {
        assert!(asked.elapsed() < Duration::from_secs(30), "the standby never caught up");
    }
}

fn href(resource: &Value) -> &str {
    resource["href"].as_str().expect("a path")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_may_lag_unless_it_asks_for_the_newest() {
    let primary = Throwaway::start();
    let standby = primary.standby();
    let mut app = reading_from(&primary.url(), &standby.url()).await;
    let first = app.a_cluster().named("first").create().await;
    app.report(href(&first), report("dns", 1, &[("Ready", "True")])).await.status(201);
    until_read(&app, href(&first)).await;

    let connection = Database::connect(standby.url()).await.expect("the standby answers");
    let caught_up = "SELECT (pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn())::text";
    while app.list("clusters", &[]).await.at("/items/0/status/phase") != "Ready"
        || text(&connection, caught_up).await != "true"
    {
        tokio::task::yield_now().await;
    }
    pause(&connection).await;
    let second = app.a_cluster().named("second").create().await;
    app.report(href(&first), report("quota", 1, &[("Ready", "True")])).await.status(201);

    app.get(href(&second)).await.status(404);
    newest(&app, href(&second)).await.status(200).body(&second);
    assert_eq!(app.list("clusters", &[]).await.names(), ["first"]);
    assert_eq!(newest(&app, "clusters?order=name").await.names(), ["first", "second"]);
    let statuses = format!("{}/statuses", href(&first));
    assert_eq!(app.get(&statuses).await.at("/total"), 1);
    assert_eq!(newest(&app, &statuses).await.at("/total"), 2);

    connection.execute_unprepared("SELECT pg_wal_replay_resume()").await.expect("it goes on");
    until_read(&app, href(&second)).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_replica_is_away_the_database_itself_is_read() {
    let primary = Throwaway::start();
    let standby = primary.standby();
    let mut app = reading_from(&primary.url(), &standby.url()).await;
    let cluster = app.a_cluster().create().await;
    until_read(&app, href(&cluster)).await;
    standby.stop();
    for _ in 0..20 {
        app.get(href(&cluster)).await.status(200).body(&cluster);
        assert_eq!(app.list("clusters", &[]).await.status(200).names(), ["alpha"]);
    }
    let ready = Answer::of(app.client.get(format!("{}/readyz", app.health_url))).await;
    ready.status(200);

    let mut late = reading_from(&primary.url(), &standby.url()).await;
    late.get(href(&cluster)).await.status(200).body(&cluster);
    late.stop().await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn why_the_replica_cannot_be_used_and_that_it_can_be_again_is_logged() {
    let primary = Throwaway::start();
    let standby = primary.standby();
    let (url, read_url) = (primary.url(), standby.url());
    let settings = [
        ("HYPERFLEET_DATABASE_URL", url.as_str()),
        ("HYPERFLEET_DATABASE_READ_URL", read_url.as_str()),
        ("HYPERFLEET_DATABASE_AUTO_MIGRATE", "true"),
    ];
    let process = Process::start(&settings).await;
    let clusters = format!("{}/api/hyperfleet/v1/clusters", process.url);
    process.get(&clusters).await.status(200);
    standby.stop();
    process.get(&clusters).await.status(200);
    process.logs("database.read_url: ").await;
    standby.resume();
    process.logs("database.read_url: the database answers again, after ").await;
    let log = process.stop().await;
    let told =
        |line: &&Value| line["message"].as_str().is_some_and(|text| text.contains("database.read_url: "));
    let lines = log.lines();
    let line = lines.iter().find(told).expect("the line");
    assert_eq!(line["level"], "WARN");
    assert!(!log.0.contains("database.url: "), "{}", log.0);
}
