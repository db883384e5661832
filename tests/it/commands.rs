//! The program as a process: the output of its commands, and how it stops.

use crate::harness::{Answer, Engine, Folder, Postgres, Process, free_port};
use serde_json::Value;
use std::net::TcpListener;
use std::process::{Command, Output};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyperfleet-api-under-test"));
    command.env_clear().args(arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs `migrate` and returns its standard output. Panics if it fails.
fn migrate(url: &str, arguments: &[&str]) -> String {
    let done = run(&[&["migrate"], arguments, &["--database-url", url]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    text(&done.stdout)
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_says_what_it_did() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let folder = Folder::new();
        let url = match engine {
            Engine::Sqlite => folder.sqlite("fleet.db"),
            Engine::Postgres => Postgres::get().await.empty().await,
        };
        let all = migrate(&url, &["status"]);
        assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0, "it creates nothing");
        let names: Vec<&str> = all.lines().map(|line| line.strip_prefix("pending ").expect(line)).collect();
        let said = |word: &str, names: &[&str]| -> String {
            names.iter().map(|name| format!("{word} {name}\n")).collect()
        };
        let last = &names[names.len() - 1..];
        assert_eq!(migrate(&url, &["up"]), said("applied", &names), "{engine:?}");
        assert_eq!(migrate(&url, &["up"]), "no migration is pending\n");
        assert_eq!(migrate(&url, &["down", "--yes"]), said("reverted", last));
        assert_eq!(migrate(&url, &["up"]), said("applied", last), "only what was pending");
        assert_eq!(migrate(&url, &["status"]), said("applied", &names));
        for _ in &names {
            migrate(&url, &["down", "--yes"]);
        }
        let nothing = run(&["migrate", "down", "--yes", "--database-url", &url]);
        assert!(!nothing.status.success() && text(&nothing.stderr).contains("no migration is applied"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_in_use_is_named_with_its_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let folder = Folder::new();
    for section in ["SERVER", "HEALTH", "METRICS"] {
        let section_port = format!("HYPERFLEET_{section}_PORT");
        let url = folder.sqlite("fleet.db");
        let said = Process::fails(&[(&section_port, &port), ("HYPERFLEET_DATABASE_URL", &url)]).await;
        let flag = format!("--{}-port", section.to_lowercase());
        for word in [&format!("127.0.0.1:{port}"), "in use", &flag] {
            assert!(said.contains(word), "{word:?} is missing: {said}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0, "it creates no database");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthcheck_names_its_cause() {
    let free = free_port();
    let refused = run(&["healthcheck", "--server-host", "127.0.0.1", "--health-port", &free.to_string()]);
    let said = text(&refused.stderr);
    assert!(!refused.status.success());
    for word in [&format!("127.0.0.1:{free}"), "health.port", "refused"] {
        assert!(said.contains(word), "{word:?} is missing: {said}");
    }

    let folder = Folder::new();
    let file = folder.path().join("fleet.db");
    let process =
        Process::start(&[("HYPERFLEET_DATABASE_URL", &format!("sqlite://{}?mode=rwc", file.display()))])
            .await;
    let port = process.health_url.rsplit(':').next().expect("a port").to_owned();
    let ask = || run(&["healthcheck", "--server-host", "127.0.0.1", "--health-port", &port]);
    let ready = ask();
    assert!(ready.status.success() && ready.stderr.is_empty(), "{}", text(&ready.stderr));
    std::fs::rename(&file, folder.path().join("aside.db")).expect("the database goes");
    let not_ready = ask();
    let said = text(&not_ready.stderr);
    assert!(!not_ready.status.success() && said.contains("503") && said.contains("database"), "{said}");
}

/// SIGHUP, which a closing terminal sends, must not interrupt requests either.
#[tokio::test(flavor = "multi_thread")]
async fn each_signal_to_stop_lets_requests_finish() {
    for signal in ["TERM", "INT", "HUP"] {
        let process = Process::start(&[]).await;
        let address = process.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let body = r#"{"name":"alpha","spec":{}}"#;
        let head = format!(
            "POST /api/hyperfleet/v1/clusters HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let (first, rest) = body.split_at(10);
        stream.write_all((head + first).as_bytes()).await.expect("half a request");
        // The response to a later request shows that the server has accepted the first connection.
        Answer::of(process.request("GET", "clusters")).await.status(200);
        process.signal(signal).await;
        let ready = format!("{}/readyz", process.health_url);
        loop {
            let answer = process.get(&ready).await;
            if answer.status == 503 {
                assert_eq!(answer.at("/status"), "shutting_down", "{signal}");
                break;
            }
        }
        stream.write_all(rest.as_bytes()).await.expect("the rest of it");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer, and the end");
        assert!(answer.starts_with("HTTP/1.1 201 "), "{signal}: {answer}");
        let log = process.ended().await;
        let stopping =
            |line: &Value| line["message"].as_str().is_some_and(|text| text.starts_with("stopping"));
        assert!(log.lines().iter().any(stopping), "{signal}: {}", log.0);
    }
}
