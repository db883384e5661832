//! Where the database is, and what each connection to it asks for.

use crate::dialect::Dialect;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use std::time::Duration;

/// Prepared statements that a connection keeps: more than what is asked again and again, and few enough that searches,
/// which callers shape, do not use up the memory of the server. Not 0: the driver would then close none at all.
const STATEMENTS: usize = 32;

/// Rows of a statement that SQLite may be ahead of who takes them: more than a page of the usual size. With 16, the two
/// waited for each other at every row of the rest, which made lists take twice as long. With many more, large rows would
/// take too much memory.
const ROWS: usize = 128;

/// Pages of the file that a connection to SQLite keeps, as the engine wants it: negative, in KiB.
const CACHE: &str = "-4000";

/// So many pages of its log SQLite writes back to the file at a time: twice its default, so that pages that change often are
/// written less often. With more still, some reports wait longer and no more of them are taken.
const CHECKPOINT: &str = "2000";

/// Where the database is, and how to connect.
#[derive(Clone, Debug)]
pub(super) enum Endpoint {
    Postgres(PgConnectOptions),
    Sqlite(SqliteConnectOptions),
}

impl Endpoint {
    /// Reads a URL. The driver's error may repeat a part of it.
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

    /// The same for the only connection that writes. What a statement may have to undo stays in memory: a batch of reports
    /// would make and remove a file for it each time.
    pub(super) fn of_writer(&self) -> Self {
        match self {
            Self::Sqlite(options) => {
                let options = options.clone().pragma("temp_store", "MEMORY");
                Self::Sqlite(options.pragma("wal_autocheckpoint", CHECKPOINT))
            }
            Self::Postgres(options) => Self::Postgres(options.clone()),
        }
    }

    /// What is particular about the engine.
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// `host:port/name`, or the path of a file. Holds no password.
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

/// What connections to SQLite ask for.
fn sqlite(options: SqliteConnectOptions, busy_timeout: Duration) -> SqliteConnectOptions {
    options
        .disable_statement_logging()
        .statement_cache_capacity(STATEMENTS)
        .journal_mode(SqliteJournalMode::Wal)
        // Every acknowledged write is on disk: FULL flushes the log at each commit.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(busy_timeout)
        .foreign_keys(true)
        .row_buffer_size(ROWS)
        .pragma("cache_size", CACHE)
}

/// What connections to PostgreSQL ask for.
fn postgres(options: PgConnectOptions, statement_timeout: Duration) -> PgConnectOptions {
    let statement_timeout = statement_timeout.as_millis().to_string();
    let session = session(&statement_timeout);
    options
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging()
        .application_name("hyperfleet-api")
        .options(session)
}

/// What a PostgreSQL session states because the service relies on it, whatever the defaults of the server, the
/// database or the role are.
fn session(statement_timeout: &str) -> [(&'static str, &str); 10] {
    [
        ("default_transaction_isolation", "read committed"),
        ("TimeZone", "UTC"),
        ("statement_timeout", statement_timeout),
        // A request that waits for a row holds a connection meanwhile.
        ("lock_timeout", "2s"),
        // A host that vanishes in the middle of a transaction must not hold its locks for hours.
        ("idle_in_transaction_session_timeout", "8s"),
        ("tcp_keepalives_idle", "5"),
        ("tcp_user_timeout", "10s"),
        // Statements read a page or a few rows, for many callers at once. Plans are made once for all parameters, so the
        // planner takes a page for a tenth of the table: it would start workers for it, or merge a table with an index.
        ("jit", "off"),
        ("max_parallel_workers_per_gather", "0"),
        ("enable_mergejoin", "off"),
    ]
}
