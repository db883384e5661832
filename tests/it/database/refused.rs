//! Databases that cannot be used: the startup error names the database, the cause and the remedy, and never the
//! password.

use crate::harness::{Folder, Process, Throwaway};
use sea_orm::{ConnectionTrait, Database};
use std::process::Command;
use std::time::{Duration, Instant};

const PASSWORD: &str = "hunter2-of-the-database";

/// Starts the server on the database at this URL, and asserts that it fails promptly with a message that contains
/// these words.
async fn expect_refusal(url: &str, words: &[&str]) {
    let started = Instant::now();
    let settings = [("HYPERFLEET_DATABASE_URL", url), ("HYPERFLEET_DATABASE_AUTO_MIGRATE", "true")];
    let said = Process::fails(&settings).await;
    for word in words.iter().chain(&["database.url"]) {
        assert!(said.contains(word), "{word:?} is missing: {said}");
    }
    assert!(!said.contains(PASSWORD) && !said.contains("pool timed out"), "{said}");
    assert!(started.elapsed() < Duration::from_secs(20), "it took {:?}: {said}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_file_that_cannot_be_used_is_refused() {
    let folder = Folder::new();
    let path = folder.path().display();
    expect_refusal(&format!("sqlite://{path}/none/fleet.db?mode=rwc"), &["none/fleet.db", "folder"]).await;
    expect_refusal(&format!("sqlite://{path}/fleet.db?mode=rw"), &["fleet.db", "mode=rwc"]).await;
    expect_refusal(&format!("sqlite://{path}"), &[&path.to_string(), "unable to open"]).await;

    std::fs::write(folder.path().join("text"), "no database, and long enough to be looked at".repeat(9))
        .expect("a file");
    expect_refusal(&format!("sqlite://{path}/text"), &["text", "not a database"]).await;

    migration::up(&folder.sqlite("fleet.db")).await.expect("a database");
    expect_refusal(&format!("sqlite://{path}/fleet.db?mode=ro"), &["fleet.db", "readonly", "mode=ro"]).await;
}

/// Returns the URL with this user and a password.
fn with_user(url: &str, user: &str) -> String {
    url.replacen("postgres@", &format!("{user}:{PASSWORD}@"), 1)
}

async fn run(url: &str, statements: &[&str]) {
    let database = Database::connect(url).await.expect("the database");
    for statement in statements {
        database.execute_unprepared(statement).await.expect(statement);
    }
    database.close().await.expect("a close");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_is_not_as_the_service_needs_it_is_refused() {
    let server = Throwaway::start();
    let url = server.url();
    let named = |name: &str| format!("{}/{name}", url.trim_end_matches("/postgres"));
    let at = |name: &str| with_user(&named(name), "fleet");
    run(
        &url,
        &[
            "CREATE ROLE fleet LOGIN",
            "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
            "CREATE DATABASE narrow",
            "CREATE DATABASE hidden",
            "ALTER ROLE fleet IN DATABASE hidden SET search_path = nowhere",
        ],
    )
    .await;
    expect_refusal(&at("latin"), &["/latin", "LATIN1", "ENCODING 'UTF8'"]).await;
    expect_refusal(&at("missing"), &["/missing", "does not exist", "create the database"]).await;
    expect_refusal(&at("hidden"), &["/hidden", "search path"]).await;
    expect_refusal(&with_user(&url, "nobody"), &["nobody", "check the user"]).await;

    let narrow = named("narrow");
    migration::up(&narrow).await.expect("a migration");
    run(&narrow, &["GRANT SELECT ON ALL TABLES IN SCHEMA public TO fleet", "GRANT ALL ON clusters TO fleet"])
        .await;
    expect_refusal(&at("narrow"), &["node_pools", "GRANT SELECT, INSERT, UPDATE, DELETE"]).await;
}

/// Startup retries failures that may be temporary, and reports them immediately.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_start_waits_for_is_said_at_once() {
    let server = Throwaway::start();
    run(
        &server.url(),
        &["CREATE ROLE fleet LOGIN", "ALTER ROLE fleet SET default_transaction_read_only = on"],
    )
    .await;
    let [read_only, away] = [server.url(), "postgres://postgres@127.0.0.1:1/fleet".to_owned()]
        .map(|url| with_user(&url, "fleet"));
    for (url, words) in [(read_only, ["read-only", "primary"]), (away, ["127.0.0.1:1/fleet", "refused"])] {
        let settings =
            [("HYPERFLEET_DATABASE_URL", url.as_str()), ("HYPERFLEET_DATABASE_STARTUP_TIMEOUT", "1s")];
        let said = Process::fails(&settings).await;
        assert!(words.iter().all(|word| said.contains(word)) && !said.contains(PASSWORD), "{said}");
        assert!(said.contains("trying again") && said.contains("database.url"), "{said}");
    }
}

/// The command reports the same error as the server.
#[test]
fn migrate_names_the_database_it_cannot_reach() {
    let url = format!("postgres://fleet:{PASSWORD}@127.0.0.1:1/fleet");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyperfleet-api-under-test"));
    let done = command
        .env_clear()
        .args(["migrate", "up", "--database-url", &url, "--database-startup-timeout", "1s"])
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && done.stdout.is_empty(), "{said}");
    for word in ["database.url: 127.0.0.1:1/fleet: Connection refused", "trying again", "check the host"] {
        assert!(said.contains(word), "{said}");
    }
    assert!(!said.contains(PASSWORD), "{said}");
}
