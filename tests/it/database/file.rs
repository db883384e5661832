//! A SQLite database is one file: copies, backups, sharing between processes, and removal of the file.

use super::files;
use crate::harness::{Answer, Engine, Folder, Process, TestApp};
use serde_json::json;
use service::db::backup;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const CLUSTERS: usize = 20;

async fn create_some(process: &Process) {
    for number in 0..CLUSTERS {
        let body = json!({"kind": "Cluster", "name": format!("cluster-{number}"), "spec": {}});
        Answer::of(process.request("POST", "clusters").json(&body)).await.status(201);
    }
}

/// Returns the number of clusters that a server on the database at this URL lists.
async fn total_at(url: &str) -> usize {
    let process = Process::start(&[("HYPERFLEET_DATABASE_URL", url)]).await;
    let list = Answer::of(process.request("GET", "clusters")).await;
    process.stop().await;
    list.status(200).at("/total").as_u64().expect("a total") as usize
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_stop_the_file_alone_is_the_whole_database() {
    let folder = Folder::new();
    let url = folder.sqlite("fleet.db");
    let process = Process::start(&[("HYPERFLEET_DATABASE_URL", &url)]).await;
    create_some(&process).await;
    process.stop().await;
    assert_eq!(files(&folder), ["fleet.db"]);

    std::fs::copy(folder.path().join("fleet.db"), folder.path().join("copy.db")).expect("a copy");
    assert_eq!(total_at(&folder.sqlite("copy.db")).await, CLUSTERS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_complete_while_the_server_writes() {
    let folder = Folder::new();
    let (url, to) = (folder.sqlite("fleet.db"), folder.path().join("backup.db"));
    let process = Process::start(&[("HYPERFLEET_DATABASE_URL", &url)]).await;
    create_some(&process).await;
    let now = Answer::of(process.request("GET", "changes?since=now")).await;
    backup(&url, &to).await.expect("a backup");
    let refused = backup(&url, &to).await.expect_err("the file exists");
    assert!(refused.contains("backup.db"), "{refused}");
    process.stop().await;
    assert_eq!(total_at(&folder.sqlite("backup.db")).await, CLUSTERS);
    // Changes written to the copy get numbers that the original assigned to other changes.
    let restored = TestApp::at(Engine::Sqlite, &folder.sqlite("backup.db"), &[]).await;
    let gone = restored.list("changes", &[("since", &now.text_at("/next"))]).await;
    gone.problem(410, "HYPERFLEET-GON-001");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_backed_up_is_refused_and_leaves_no_file() {
    let folder = Folder::new();
    let to = folder.path().join("backup.db");
    let missing = backup(&folder.sqlite("missing.db"), &to).await.expect_err("there is no such database");
    assert!(missing.contains("missing.db"), "{missing}");
    let postgres = backup("postgres://u:hunter2@host/fleet", &to).await.expect_err("not with this");
    assert!(postgres.contains("pg_dump") && !postgres.contains("hunter2"), "{postgres}");
    assert_eq!(files(&folder), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_at_once_on_a_new_file_all_live() {
    for _ in 0..3 {
        let folder = Folder::new();
        let url = folder.sqlite("fleet.db");
        let settings = [("HYPERFLEET_DATABASE_URL", url.as_str())];
        let [one, two, three] = [(); 3].map(|()| Process::start(&settings));
        let (one, two, three) = tokio::join!(one, two, three);
        for process in [one, two, three] {
            Answer::of(process.request("GET", "clusters")).await.status(200);
            process.stop().await;
        }
        assert_eq!(files(&folder), ["fleet.db"]);
    }
}

/// If the file was removed or replaced by another, writes to it would be lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_longer_the_one_that_was_opened_serves_nobody() {
    let folder = Folder::new();
    let mut app = TestApp::at(Engine::Sqlite, &folder.sqlite("fleet.db"), &[]).await;
    let cluster = app.a_cluster().create().await;
    let href = cluster["href"].as_str().expect("a path");
    let readyz = async || Answer::of(app.client.get(format!("{}/readyz", app.health_url))).await;
    readyz().await.status(200);

    let (path, aside) = (folder.path().join("fleet.db"), folder.path().join("aside.db"));
    std::fs::rename(&path, &aside).expect("it goes");
    for _ in 0..2 {
        readyz().await.status(503);
        app.get(href).await.problem(503, "HYPERFLEET-SVC-001");
        app.get("clusters").await.problem(503, "HYPERFLEET-SVC-001");
        app.patch(href, json!({"spec": {}})).await.problem(503, "HYPERFLEET-SVC-001");
        let body = json!({"kind": "Cluster", "name": "lost", "spec": {}});
        app.post("clusters", body).await.problem(503, "HYPERFLEET-SVC-001");
        std::fs::copy(&aside, &path).expect("another comes");
    }

    std::fs::rename(&aside, &path).expect("it is back");
    readyz().await.status(200);
    app.get(href).await.status(200).body(&cluster);
    app.stop().await;
}

/// A command holds the lock file only briefly, so another command waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_file_that_was_left_behind_stops_nobody() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("fleet.db.lock"), "").expect("a file");
    let url = folder.sqlite("fleet.db");
    let up = tokio::time::timeout(Duration::from_secs(60), migration::up(&url));
    up.await.expect("in time").expect("a migration");
    assert!(!files(&folder).contains(&"fleet.db.lock".to_owned()), "{:?}", files(&folder));
}

/// Each holder removes the lock file, while another may have opened it just before.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_one_at_a_time_opens_a_new_file() {
    let folder = Folder::new();
    let url = folder.sqlite("fleet.db");
    let is_open = Arc::new(AtomicBool::new(false));
    let open = || {
        let (url, is_open) = (url.clone(), is_open.clone());
        let work = async move {
            assert!(!is_open.swap(true, Ordering::SeqCst), "another has it open");
            tokio::task::yield_now().await;
            is_open.store(false, Ordering::SeqCst);
        };
        tokio::spawn(async move { migration::with_file_lock(&url, work).await.expect("a lock") })
    };
    let openers: Vec<_> = (0..1000).map(|_| open()).collect();
    for opener in openers {
        opener.await.expect("one at a time");
    }
    assert_eq!(files(&folder), Vec::<String>::new());
}
