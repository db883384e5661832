use crate::harness::{Answer, Engine, Process, TestApp, Throwaway};
use sea_orm::{ConnectionTrait, Database};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The maximum time that a probe may take.
const PROBE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn both_ports_answer_every_probe_and_the_metrics() {
    let process = Process::start(&[]).await;
    for port in [&process.health_url, &process.metrics_url] {
        for path in ["healthz", "readyz", "healthcheck"] {
            let answer = process.get(&format!("{port}/{path}")).await;
            answer.status(200).body(&json!({"status": "ok"}));
            assert_eq!(answer.header("content-type"), "application/json");
        }
        process.get(&format!("{port}/healthz/")).await.status(200);
        let posted = Answer::of(process.client.post(format!("{port}/healthz"))).await;
        assert_eq!(posted.status(405).header("allow"), "GET, HEAD");
        let metrics = process.get(&format!("{port}/metrics")).await;
        assert_eq!(metrics.status(200).header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        assert!(metrics.text.contains("hyperfleet_api_build_info{"));
    }
    process.stop().await;
}

/// Sends a probe to the health port and asserts that it responds within [`PROBE`].
async fn probe(app: &TestApp, path: &str) -> Answer {
    let asked = Instant::now();
    let answer = Answer::of(app.client.get(format!("{}/{path}", app.health_url))).await;
    assert!(asked.elapsed() < PROBE, "{path} took {:?}", asked.elapsed());
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_the_server_is_alive_but_not_ready() {
    let database = Throwaway::start();
    let migrate = [("HYPERFLEET_DATABASE_AUTO_MIGRATE", "true")];
    let mut app = TestApp::at(Engine::Postgres, &database.url(), &migrate).await;
    probe(&app, "readyz").await.status(200);

    database.stop();
    for path in ["readyz", "healthcheck", "readyz"] {
        assert_eq!(probe(&app, path).await.status(503).at("/status"), "not_ready");
    }
    probe(&app, "healthz").await.status(200);

    database.resume();
    let again = Instant::now();
    while probe(&app, "readyz").await.status != 200 {
        assert!(again.elapsed() < Duration::from_secs(30), "the database is back, the server is not");
    }
    app.get("clusters").await.status(200);
    app.stop().await;
}

/// The cause of an outage is logged. It is not in the response, because the health port is not authenticated.
#[tokio::test(flavor = "multi_thread")]
async fn why_the_database_cannot_be_used_is_logged() {
    let database = Throwaway::start();
    let admin = Database::connect(database.url()).await.expect("the database");
    for sql in ["CREATE ROLE fleet LOGIN PASSWORD 'hunter2'", "CREATE DATABASE fleet OWNER fleet"] {
        admin.execute_unprepared(sql).await.expect(sql);
    }
    let url = database.url().replace("postgres@", "fleet:hunter2@");
    let url = format!("{}/fleet", url.trim_end_matches("/postgres"));
    let settings = [("HYPERFLEET_DATABASE_URL", url.as_str()), ("HYPERFLEET_DATABASE_AUTO_MIGRATE", "true")];
    let process = Process::start(&settings).await;
    let ready = format!("{}/readyz", process.health_url);
    process.get(&ready).await.status(200);

    for sql in [
        "ALTER ROLE fleet CONNECTION LIMIT 0",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'fleet'",
    ] {
        admin.execute_unprepared(sql).await.expect(sql);
    }
    // The sessions end some time after the signal.
    let ended = Instant::now();
    let mut answer = process.get(&ready).await;
    while answer.status != 503 {
        assert!(ended.elapsed() < Duration::from_secs(30), "{}", answer.text);
        answer = process.get(&ready).await;
    }
    assert!(!answer.text.contains("fleet"), "{}", answer.text);
    process.logs("too many connections for role").await;
    let log = process.stop().await;
    let told = log
        .lines()
        .iter()
        .filter(|line| {
            line["level"] == "ERROR"
                && line["message"].as_str().is_some_and(|text| text.contains("/fleet: too many"))
        })
        .count();
    assert_eq!(told, 1, "{}", log.0);
    assert!(!log.0.contains("hunter2"), "{}", log.0);
}

/// A primary that refuses writes makes the server not ready.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_becomes_read_only_is_not_ready() {
    let database = Throwaway::start();
    let migrate = [("HYPERFLEET_DATABASE_AUTO_MIGRATE", "true")];
    let mut app = TestApp::at(Engine::Postgres, &database.url(), &migrate).await;
    probe(&app, "readyz").await.status(200);
    let admin = Database::connect(database.url()).await.expect("the database");
    for (setting, status) in [("on", 503), ("off", 200)] {
        let set = format!("ALTER SYSTEM SET default_transaction_read_only = {setting}");
        for sql in ["SET transaction_read_only = off", &set, "SELECT pg_reload_conf()"] {
            admin.execute_unprepared(sql).await.expect(sql);
        }
        let changed = Instant::now();
        let mut answer = probe(&app, "readyz").await;
        while answer.status != status {
            assert!(changed.elapsed() < Duration::from_secs(30), "{setting}: {}", answer.text);
            answer = probe(&app, "readyz").await;
        }
        if status == 503 {
            answer.body(&json!({"status": "not_ready", "reason": "the database is read-only"}));
        }
    }
    app.get("clusters").await.status(200);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_fails_no_request() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    app.a_cluster().create().await;
    let withdrawn = Arc::new(AtomicBool::new(false));
    let served = Arc::new(AtomicUsize::new(0));
    let load: Vec<_> = (0..8)
        .map(|_| {
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            let url = format!("{}/api/hyperfleet/v1/clusters", app.url);
            let (withdrawn, served) = (withdrawn.clone(), served.clone());
            tokio::spawn(async move {
                while !withdrawn.load(Ordering::Relaxed) {
                    let answer = client.get(&url).send().await.expect("an answer");
                    assert_eq!(answer.status(), 200);
                    answer.bytes().await.expect("the whole body");
                    served.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    while served.load(Ordering::Relaxed) < 100 {
        tokio::task::yield_now().await;
    }
    app.begin_stop();
    assert_eq!(probe(&app, "readyz").await.status(503).at("/status"), "shutting_down");
    probe(&app, "healthz").await.status(200);
    // A load balancer that has seen this still sends requests for a short time.
    let before = served.load(Ordering::Relaxed);
    while served.load(Ordering::Relaxed) < before + 20 {
        tokio::task::yield_now().await;
    }
    withdrawn.store(true, Ordering::Relaxed);
    for task in load {
        task.await.expect("no request failed");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_a_server_that_stops_close_their_connection() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    assert_eq!(app.get("clusters").await.header("connection"), "");
    app.begin_stop();
    assert_eq!(app.get("clusters").await.status(200).header("connection"), "close");
    app.stop().await;
}
