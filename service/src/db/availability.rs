//! Checks whether the database can be used: it can be reached, and meets the requirements of the service.

use super::connect_error::ConnectError;
use super::endpoint::Endpoint;
use super::fault;
use super::statements::TABLES;
use crate::dialect::Fault;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Executor, PgConnection, PgPool};
use std::time::{Duration, Instant};

/// The interval between attempts to reach the database at startup.
const RETRY_DELAY: Duration = Duration::from_millis(500);
/// The interval at which the reason is reported in the meantime.
const LOG_INTERVAL: Duration = Duration::from_secs(5);
/// The time limit of the first attempt to connect. Later attempts may take longer: a process with little CPU time
/// needs it, and a server that has vanished answers none of them.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Queries the requirements that PostgreSQL does not guarantee. Each row has an index into [`ADVICE`] and a
/// complaint.
const COMPLAINTS: &str = "
    SELECT place, complaint FROM (VALUES
        (0, CASE WHEN current_setting('server_version_num')::int < 130000
            THEN 'the server is PostgreSQL ' || current_setting('server_version') END),
        (1, CASE WHEN current_setting('server_encoding') <> 'UTF8'
            THEN 'the encoding of the database is ' || current_setting('server_encoding') END),
        (2, CASE WHEN current_setting('transaction_read_only') = 'on' THEN 'the database is read-only' END),
        (3, CASE WHEN current_schema() IS NULL THEN 'there is no schema in the search path' END),
        (4, (SELECT 'the session does not keep its settings: ' || string_agg(name || ' is ' || setting, ', ')
             FROM pg_settings
             WHERE name = 'default_transaction_isolation' AND setting <> 'read committed'
                OR name = 'TimeZone' AND setting <> 'UTC'
                OR name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout')
                   AND setting = '0'))
    ) AS checked (place, complaint) WHERE complaint IS NOT NULL ORDER BY place LIMIT 1";

/// The recommended action for each complaint.
const ADVICE: [&str; 5] = [
    "the service needs PostgreSQL 13 or later",
    "create the database with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
    "name the primary and not a standby, and let default_transaction_read_only be off",
    "GRANT USAGE ON SCHEMA … TO the role, or correct its search_path",
    "a connection pooler ignores them; set them for the role instead, with ALTER ROLE … SET: \
     default_transaction_isolation = 'read committed', TimeZone = 'UTC', statement_timeout = '27s' (nine tenths of \
     server.request_timeout), lock_timeout = '2s', idle_in_transaction_session_timeout = '8s', jit = off, \
     max_parallel_workers_per_gather = 0, enable_mergejoin = off",
];

/// Queries the tables on which the role lacks a privilege. Tables that do not exist yet are omitted.
const MISSING_PRIVILEGES: &str = "
    SELECT string_agg(DISTINCT name, ', ')
    FROM unnest($1) AS name, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
    WHERE NOT has_table_privilege(to_regclass(name), privilege)
      AND (privilege = 'SELECT' OR name <> 'seaql_migrations')";

/// Connects outside the pools, which would not report the reason of a failure. Retries until the timeout while the
/// failure may be temporary. `waiting` is called with the reason, immediately and then every few seconds.
pub(super) async fn check(
    endpoint: &Endpoint,
    timeout: Duration,
    waiting: impl Fn(&ConnectError),
) -> Result<(), ConnectError> {
    let start = Instant::now();
    let mut last_reported: Option<Instant> = None;
    loop {
        let limit = CONNECT_TIMEOUT.max(start.elapsed());
        let attempt = tokio::time::timeout(limit, usable(endpoint)).await;
        match attempt.unwrap_or_else(|_| Err(ConnectError::of(endpoint, &sqlx::Error::PoolTimedOut))) {
            Err(error) if error.is_temporary && start.elapsed() < timeout => {
                if last_reported.is_none_or(|last_reported| last_reported.elapsed() >= LOG_INTERVAL) {
                    waiting(&error);
                    last_reported = Some(Instant::now());
                }
                tokio::time::sleep(RETRY_DELAY).await;
            }
            result => return result,
        }
    }
}

/// Checks whether a server accepts connections.
pub(super) async fn connects(endpoint: &Endpoint) -> Result<(), ConnectError> {
    let Endpoint::Postgres(options) = endpoint else { return Ok(()) };
    let connected = async { PgConnection::connect_with(options).await?.close().await };
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, connected).await;
    let connected = connected.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    connected.map_err(|error| ConnectError::of(endpoint, &error))
}

async fn usable(endpoint: &Endpoint) -> Result<(), ConnectError> {
    let complaint = match endpoint {
        Endpoint::Postgres(options) => postgres(options).await,
        Endpoint::Sqlite(options) => sqlite(options).await.map(|()| None),
    };
    match complaint.map_err(|error| ConnectError::of(endpoint, &error))? {
        None => Ok(()),
        Some((place, cause)) => {
            let advice = ADVICE.get(place as usize).copied().unwrap_or_default();
            // A standby may be about to be promoted.
            Err(ConnectError { is_temporary: place == 2, ..ConnectError::new(endpoint, cause, advice) })
        }
    }
}

async fn postgres(options: &PgConnectOptions) -> Result<Option<(i32, String)>, sqlx::Error> {
    let mut connection = PgConnection::connect_with(options).await?;
    let complaint = sqlx::query_as(COMPLAINTS).fetch_optional(&mut connection).await?;
    connection.close().await?;
    Ok(complaint)
}

/// Writes and rolls back. If another process holds the write lock, the database accepts writes.
async fn sqlite(options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnection::connect_with(options).await?;
    match connection.execute("BEGIN IMMEDIATE; PRAGMA user_version = 1; ROLLBACK").await {
        Err(error) if fault::of_driver(&error) != Fault::Locked => return Err(error),
        _ => {}
    }
    connection.close().await
}

/// Whether a server refuses writes.
pub(super) async fn is_read_only(probe: &DatabaseConnection) -> Result<bool, DbErr> {
    let asked = "SELECT current_setting('transaction_read_only') = 'on' AS is_read_only";
    let row = probe.query_one_raw(Statement::from_string(DbBackend::Postgres, asked)).await?;
    row.map_or(Ok(false), |row| row.try_get("", "is_read_only"))
}

/// Checks whether the role may use the tables.
pub(super) async fn check_privileges(endpoint: &Endpoint, pool: &PgPool) -> Result<(), ConnectError> {
    let tables = [&TABLES[..TABLES.len() - 1], &["seaql_migrations"]].concat();
    let missing: Result<Option<String>, _> =
        sqlx::query_scalar(MISSING_PRIVILEGES).bind(tables).fetch_one(pool).await;
    match missing.map_err(|error| ConnectError::of(endpoint, &error))? {
        None => Ok(()),
        Some(tables) => {
            let cause = format!("the role lacks privileges on {tables}");
            let advice = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA … TO the role";
            Err(ConnectError::new(endpoint, cause, advice))
        }
    }
}
