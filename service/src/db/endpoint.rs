//! The address of the database, and the settings of each connection to it.

use crate::dialect::Dialect;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use std::time::Duration;

/// The number of prepared statements that a connection caches: more than the recurring statements, and few enough
/// that searches, whose form callers determine, do not exhaust the memory of the server. Not 0: the driver would
/// then close none of them.
const STATEMENT_CACHE: usize = 32;

/// The number of rows that SQLite may read ahead of the consumer: more than a page of the usual size. With 16,
/// reader and consumer waited for each other at every row of the rest, which doubled the duration of lists. With
/// many more, large rows would use too much memory.
const ROW_BUFFER: usize = 128;

/// The page cache of a connection to SQLite, in the format of the engine: negative, in KiB.
const PAGE_CACHE: &str = "-4000";

/// The number of pages of the write-ahead log at which SQLite writes them back to the file: twice its default, so
/// that pages that change often are written less often. With a higher number, some reports wait longer and the
/// throughput is not higher.
const CHECKPOINT_PAGES: &str = "2000";

/// The address of the database, and the options for connecting.
#[derive(Clone, Debug)]
pub(super) enum Endpoint {
    Postgres(PgConnectOptions),
    Sqlite(SqliteConnectOptions),
}

impl Endpoint {
    /// Parses a URL. The driver's error may contain a part of it.
    pub(super) fn parse(
        url: &str,
        statement_timeout: Duration,
        busy_timeout: Duration,
    ) -> Result<Self, sqlx::Error> {
        Ok(match Dialect::of_url(url) {
            Dialect::Sqlite => Self::Sqlite(sqlite(url.parse()?, busy_timeout)),
            Dialect::Postgres => Self::Postgres(postgres(url.parse()?, statement_timeout)),
        })
    }

    /// Returns the endpoint for the only connection that writes. The rollback data of statements stays in memory:
    /// otherwise, each batch of reports would create and remove a file for it.
    pub(super) fn of_writer(&self) -> Self {
        match self {
            Self::Sqlite(options) => {
                let options = options.clone().pragma("temp_store", "MEMORY");
                Self::Sqlite(options.pragma("wal_autocheckpoint", CHECKPOINT_PAGES))
            }
            Self::Postgres(options) => Self::Postgres(options.clone()),
        }
    }

    /// Returns the dialect of the engine.
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Returns `host:port/name`, or the path of a file. Contains no password.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Sqlite(options) => options.get_filename().display().to_string(),
            Self::Postgres(options) => {
                let socket = options.get_socket().map(|path| path.display().to_string());
                let host = socket.unwrap_or_else(|| options.get_host().to_owned());
                let name = options.get_database().unwrap_or(options.get_username());
                format!("{host}:{}/{name}", options.get_port())
            }
        }
    }
}

/// Applies the settings of connections to SQLite.
fn sqlite(options: SqliteConnectOptions, busy_timeout: Duration) -> SqliteConnectOptions {
    options
        .disable_statement_logging()
        .statement_cache_capacity(STATEMENT_CACHE)
        .journal_mode(SqliteJournalMode::Wal)
        // Every acknowledged write is on disk: FULL flushes the log at each commit.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(busy_timeout)
        .foreign_keys(true)
        .row_buffer_size(ROW_BUFFER)
        .pragma("cache_size", PAGE_CACHE)
}

/// Applies the settings of connections to PostgreSQL.
fn postgres(options: PgConnectOptions, statement_timeout: Duration) -> PgConnectOptions {
    let statement_timeout = statement_timeout.as_millis().to_string();
    let session = session(&statement_timeout);
    options
        .statement_cache_capacity(STATEMENT_CACHE)
        .disable_statement_logging()
        .application_name("hyperfleet-api")
        .options(session)
}

/// The session settings that the service relies on, whatever the defaults of the server, the database or the role.
fn session(statement_timeout: &str) -> [(&'static str, &str); 10] {
    [
        ("default_transaction_isolation", "read committed"),
        ("TimeZone", "UTC"),
        ("statement_timeout", statement_timeout),
        // A request that waits for a row holds a connection in the meantime.
        ("lock_timeout", "2s"),
        // A client host that vanishes in the middle of a transaction must not hold its locks for hours.
        ("idle_in_transaction_session_timeout", "8s"),
        ("tcp_keepalives_idle", "5"),
        ("tcp_user_timeout", "10s"),
        // Statements read a page or a few rows, for many callers at the same time. Plans are generic, so the
        // planner assumes that a page is a tenth of the table: it would start parallel workers, or merge a table
        // with an index.
        ("jit", "off"),
        ("max_parallel_workers_per_gather", "0"),
        ("enable_mergejoin", "off"),
    ]
}
