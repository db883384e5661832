//! Migration of PostgreSQL: concurrent migrations, limits of the role, and required privileges.

use crate::harness::{Postgres, Throwaway};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};

/// The key of the advisory lock, which earlier versions hold for their session.
const LOCK: i64 = 0x6879_7065_7266_6c74;

/// Connects with a single session whose application name is `application`.
async fn session(url: &str, application: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(format!("{url}?application_name={application}"));
    options.max_connections(1);
    Database::connect(options).await.expect("the database")
}

async fn run(session: &DatabaseConnection, sql: &str) {
    session.execute_unprepared(sql).await.expect(sql);
}

async fn number(session: &DatabaseConnection, sql: &str) -> i64 {
    let row = session.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.expect(sql);
    row.expect("a row").try_get("", "number").expect("a number")
}

#[tokio::test]
async fn who_migrates_already_is_named_when_the_wait_ends() {
    let url = Postgres::get().await.empty().await;
    let other = session(&url, "deploy").await;
    run(&other, &format!("SELECT pg_advisory_lock({LOCK})")).await;
    let pid = number(&other, "SELECT pg_backend_pid()::bigint AS number").await;
    let refusal = migration::up_within(&url, Duration::from_millis(100)).await;
    let refusal = refusal.expect_err("another one migrates").to_string();
    for word in [&format!("pid {pid} (role postgres, application deploy)"), "pg_terminate_backend"] {
        assert!(refusal.contains(word), "{word} is missing: {refusal}");
    }
    run(&other, &format!("SELECT pg_advisory_unlock({LOCK})")).await;
    migration::up(&url).await.expect("up");
}

/// A waiting migration reports what it waits for, long before the wait ends.
#[tokio::test]
async fn a_wait_for_another_one_that_migrates_is_told() {
    let url = Postgres::get().await.empty().await;
    let other = session(&url, "deploy").await;
    run(&other, &format!("SELECT pg_advisory_lock({LOCK})")).await;
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_hyperfleet-api-under-test"));
    command.env_clear().args(["migrate", "up", "--database-url", &url]);
    let mut waiting =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut told = String::new();
    BufReader::new(waiting.stderr.as_mut().expect("its errors")).read_line(&mut told).await.expect("a line");
    assert!(told.contains("waiting for another process that is migrating"), "{told}");
    run(&other, &format!("SELECT pg_advisory_unlock({LOCK})")).await;
    let done = waiting.wait_with_output().await.expect("it ends");
    assert!(done.status.success() && done.stdout.starts_with(b"applied "), "{done:?}");
}

/// The limits of the role are meant for requests. The wait for another migration is longer than both timeouts.
#[tokio::test]
async fn limits_of_the_role_do_not_cut_a_migration() {
    let server = Throwaway::start();
    let admin = session(&server.url(), "admin").await;
    for sql in [
        "CREATE ROLE fleet LOGIN",
        "CREATE DATABASE fleet OWNER fleet",
        "ALTER ROLE fleet SET statement_timeout = '500ms'",
        "ALTER ROLE fleet SET lock_timeout = '500ms'",
        "ALTER ROLE fleet SET idle_in_transaction_session_timeout = '500ms'",
    ] {
        run(&admin, sql).await;
    }
    let url = format!("{}/fleet", server.url().trim_end_matches("/postgres"));
    let other = session(&url, "other").await;
    run(&other, &format!("SELECT pg_advisory_lock({LOCK})")).await;
    let as_fleet = url.replace("postgres@", "fleet@");
    let migrating = tokio::spawn(async move { migration::up(&as_fleet).await });
    let waits = "SELECT count(*) AS number FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    while number(&other, waits).await == 0 {
        assert!(!migrating.is_finished(), "{:?}", migrating.await);
    }
    // Longer than the limits.
    run(&other, "SELECT pg_sleep(1.5)").await;
    run(&other, &format!("SELECT pg_advisory_unlock({LOCK})")).await;
    assert!(!migrating.await.expect("no panic").expect("a migration").is_empty());
}

/// Runs `migrate up`. Returns whether it succeeded and its standard error.
fn migrate(url: &str) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyperfleet-api-under-test"));
    let done = command.env_clear().args(["migrate", "up", "--database-url", url]).output();
    let done = done.expect("the program runs");
    (done.status.success(), String::from_utf8_lossy(&done.stderr).into_owned())
}

#[tokio::test]
async fn what_migrate_lacks_is_said_as_serve_says_it() {
    let server = Throwaway::start();
    let admin = session(&server.url(), "admin").await;
    run(&admin, "CREATE ROLE fleet LOGIN").await;
    run(&admin, "CREATE DATABASE fleet").await;
    let url = format!("{}/fleet", server.url().trim_end_matches("/postgres"));
    let owner = session(&url, "owner").await;
    run(&owner, "REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
    let as_fleet = url.replace("postgres@", "fleet@");
    let (succeeded, said) = migrate(&as_fleet);
    let words = ["database.url", "/fleet: permission denied for schema public", "CREATE on the schema"];
    assert!(!succeeded && words.iter().all(|word| said.contains(word)), "{said}");
    assert!(!said.contains(" at line ") && !said.contains("Execution Error"), "{said}");

    // A failure rolls back the migrations that were applied before it.
    run(&owner, "GRANT CREATE ON SCHEMA public TO fleet").await;
    run(&owner, "CREATE TABLE change_log (id int)").await;
    let (succeeded, said) = migrate(&as_fleet);
    assert!(!succeeded && said.contains("relation \"change_log\" already exists"), "{said}");
    let tables = "SELECT count(*) AS number FROM pg_tables WHERE tableowner = 'fleet'";
    assert_eq!(number(&owner, tables).await, 0);
}

/// Only the newer version can revert its migrations.
#[tokio::test]
async fn a_migration_of_a_newer_version_is_not_taken_back() {
    let url = Postgres::get().await.migrated().await;
    let later = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_later', 0)";
    run(&session(&url, "later").await, later).await;
    let refusal = migration::down(&url).await.expect_err("nobody knows how").to_string();
    for word in ["m29991231_000001_later", "newer version"] {
        assert!(refusal.contains(word), "{word} is missing: {refusal}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyperfleet-api-under-test"));
    let status = command.env_clear().args(["migrate", "status", "--database-url", &url]).output();
    let status = String::from_utf8_lossy(&status.expect("the program runs").stdout).into_owned();
    assert!(status.ends_with("applied m29991231_000001_later (by a newer version)\n"), "{status}");
}
