//! The audit log: one line for each resource that a change affects, with the caller, the action, the resource and its
//! generation before and after.

use crate::harness::{Answer, Engine, Folder, Postgres, Process, report};
use sea_orm::{ConnectionTrait, Database, TransactionTrait};
use serde_json::{Value, json};
use std::time::Duration;

/// Returns the URL of a database of the engine. PostgreSQL is already migrated; the server migrates SQLite.
async fn database(engine: Engine) -> (String, Option<Folder>) {
    match engine {
        Engine::Postgres => (Postgres::get().await.migrated().await, None),
        Engine::Sqlite => {
            let folder = Folder::new();
            (folder.sqlite("audited.db"), Some(folder))
        }
    }
}

/// Action, kind, id, generation before, generation after, and whether the resource was removed.
type Line = (String, String, String, i64, i64, bool);

fn audited(lines: &[Value]) -> Vec<Line> {
    let text = |line: &Value, key: &str| line[key].as_str().expect(key).to_owned();
    let number = |line: &Value, key: &str| line[key].as_i64().expect(key);
    let audits = lines.iter().filter(|line| line["message"] == "audit");
    let line = |line: &Value| {
        assert_eq!(line["caller"], "system@hyperfleet.local", "{line}");
        assert_eq!(line["target"], "audit", "{line}");
        assert!(line["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{line}");
        let resource = (text(line, "resource_type"), text(line, "resource_id"));
        let generations = (number(line, "generation_before"), number(line, "generation_after"));
        let removed = line["removed"].as_bool().expect("removed");
        (text(line, "action"), resource.0, resource.1, generations.0, generations.1, removed)
    };
    audits.map(line).collect()
}

async fn every_change_is_told(engine: Engine) {
    let (url, _folder) = database(engine).await;
    let process = Process::start(&[("HYPERFLEET_DATABASE_URL", &url)]).await;
    let send = async |method: &str, path: &str, body: Value| {
        let answer = Answer::of(process.request(method, path).json(&body)).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text);
        answer.body.clone()
    };
    let id = |body: &Value| body["id"].as_str().expect("an id").to_owned();
    let cluster = id(&send("POST", "clusters", json!({"name": "alpha", "spec": {}})).await);
    let pools = format!("clusters/{cluster}/nodepools");
    let pool = id(&send("POST", &pools, json!({"name": "workers", "spec": {}})).await);
    let forced = id(&send("POST", "clusters", json!({"name": "beta", "spec": {}})).await);
    send("PATCH", &format!("clusters/{cluster}"), json!({"spec": {"x": 1}})).await;
    let statuses = [format!("clusters/{cluster}/statuses"), format!("nodepools/{pool}/statuses")];
    send("PUT", &statuses[0], report("dns", 2, &[("Available", "True")])).await;
    send("PUT", &statuses[1], report("dns", 1, &[("Available", "True")])).await;
    send("PUT", &format!("clusters/{forced}/statuses"), report("dns", 1, &[("Available", "True")])).await;
    send("DELETE", &format!("clusters/{cluster}"), json!({})).await;
    send("PUT", &statuses[0], report("dns", 3, &[("Available", "True"), ("Finalized", "True")])).await;
    send("PUT", &statuses[1], report("dns", 2, &[("Available", "True"), ("Finalized", "True")])).await;
    send("DELETE", &format!("clusters/{forced}"), json!({})).await;
    let force = format!("clusters/{forced}/force-delete");
    send("POST", &force, json!({"reason": "it must go"})).await;
    let log = process.stop().await.lines();

    let line = |action: &str, kind: &str, id: &str, before: i64, after: i64, removed: bool| {
        (action.to_owned(), kind.to_owned(), id.to_owned(), before, after, removed)
    };
    let expected = [
        line("create", "Cluster", &cluster, 0, 1, false),
        line("create", "NodePool", &pool, 0, 1, false),
        line("create", "Cluster", &forced, 0, 1, false),
        line("patch", "Cluster", &cluster, 1, 2, false),
        line("report", "Cluster", &cluster, 2, 2, false),
        line("report", "NodePool", &pool, 1, 1, false),
        line("report", "Cluster", &forced, 1, 1, false),
        line("delete", "Cluster", &cluster, 2, 3, false),
        line("delete", "NodePool", &pool, 1, 2, false),
        line("report", "Cluster", &cluster, 3, 3, false),
        // The report that completes the deletion of both resources.
        line("report", "NodePool", &pool, 2, 2, true),
        line("report", "Cluster", &cluster, 3, 3, true),
        line("delete", "Cluster", &forced, 1, 2, false),
        line("force-delete", "Cluster", &forced, 2, 2, true),
    ];
    assert_eq!(audited(&log), expected);
    let reasons: Vec<_> =
        log.iter().filter(|line| line["message"] == "audit").map(|l| &l["reason"]).collect();
    assert_eq!((reasons[4], reasons[13]), (&json!("dns"), &json!("it must go")));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_told_on_sqlite() {
    every_change_is_told(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_told_on_postgres() {
    every_change_is_told(Engine::Postgres).await;
}

/// A change waits for another writer, and its caller disconnects before the response.
async fn a_change_whose_caller_leaves_is_finished_and_told(engine: Engine) {
    let (url, _folder) = database(engine).await;
    let process = Process::start(&[("HYPERFLEET_DATABASE_URL", &url)]).await;
    let alpha =
        Answer::of(process.request("POST", "clusters").json(&json!({"name": "alpha", "spec": {}}))).await;
    let alpha = alpha.status(201).text_at("/id");
    let other = Database::connect(&url).await.expect("another writer");
    let held = other.begin().await.expect("a transaction");
    held.execute_unprepared("UPDATE clusters SET revision = revision").await.expect("the lock");
    if engine == Engine::Postgres {
        held.execute_unprepared("LOCK TABLE clusters IN ACCESS EXCLUSIVE MODE").await.expect("the lock");
    }

    let leave = async |request: reqwest::RequestBuilder| {
        // Long enough for the request to arrive, and shorter than the server's timeout for the lock.
        let left = request.timeout(Duration::from_secs(1)).send().await;
        assert!(left.is_err_and(|error| error.is_timeout()), "it was answered while the table was locked");
    };
    let patch = process.request("PATCH", &format!("clusters/{alpha}"));
    let create = || {
        let create = process.request("POST", "clusters").json(&json!({"name": "beta", "spec": {}}));
        create.header("idempotency-key", "once")
    };
    tokio::join!(leave(patch.json(&json!({"spec": {"x": 1}}))), leave(create()));
    held.rollback().await.expect("the end of the lock");

    let both = async {
        loop {
            let patched = Answer::of(process.request("GET", &format!("clusters/{alpha}"))).await;
            let all = Answer::of(process.request("GET", "clusters")).await;
            if patched.status(200).at("/generation") == 2 && all.status(200).at("/total") == 2 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), both).await.expect("both changes");
    let beta = Answer::of(create()).await.status(201).text_at("/id");
    let lines = audited(&process.stop().await.lines());
    let told = |action: &str, id: &str| lines.iter().filter(|line| line.0 == action && line.2 == id).count();
    assert_eq!((told("patch", &alpha), told("create", &beta)), (1, 1), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_caller_leaves_is_finished_and_told_on_sqlite() {
    a_change_whose_caller_leaves_is_finished_and_told(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_caller_leaves_is_finished_and_told_on_postgres() {
    a_change_whose_caller_leaves_is_finished_and_told(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_of_a_request_says_who_asked_for_what_and_why_it_was_refused() {
    let process = Process::start(&[]).await;
    let query = format!("search=nope&more={}", "x".repeat(500));
    let refused =
        process.request("GET", &format!("clusters?{query}")).header("authorization", "Bearer secret");
    let refused = Answer::of(refused).await;
    process.get(&format!("{}/nowhere", process.url)).await.status(404);
    let log = process.stop().await;
    assert!(!log.0.contains("secret"), "{}", log.0);
    let lines = log.lines();
    let requests: Vec<_> = lines.iter().filter(|line| line["message"] == "request").collect();
    let line = requests[0];
    let expected = json!({
        "level": "INFO", "message": "request", "request_id": refused.status(400).header("x-request-id"),
        "operation": "getClusters", "method": "GET", "path": "/api/hyperfleet/v1/clusters",
        "query": query[..200], "status": 400, "code": refused.at("/code"), "caller": "system@hyperfleet.local",
    });
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&line[key], value, "{key}: {line}");
    }
    assert!(line["peer"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")), "{line}");
    let thousandths = line["duration_ms"].as_f64().expect("a number") * 1e3;
    assert!(thousandths > 0.0 && (thousandths - thousandths.round()).abs() < 1e-6, "{line}");
    assert_eq!(
        (&requests[1]["operation"], &requests[1]["code"]),
        (&json!("none"), &json!("HYPERFLEET-NTF-000"))
    );
    for line in &lines {
        let time = line["timestamp"].as_str().expect("a time");
        assert!(time.len() == "2026-01-02T03:04:05.678901Z".len() && time.ends_with('Z'), "{time}");
    }
}
