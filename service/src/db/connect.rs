//! How the database is reached: the pools, and what each connection states of itself.

use super::epoch::Epoch;
use super::fault;
use crate::dialect::Dialect;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, RuntimeErr};
use sqlx::sqlite::{SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, PgConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a database that is away at the start is tried.
const RECONNECT: Duration = Duration::from_millis(500);
/// How long one attempt to connect may take at the start.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a connection that is given back may take to finish what was left on it.
const RELEASE: Duration = Duration::from_secs(1);
/// How long connections of the pool may be idle before they are closed.
const IDLE: Duration = Duration::from_secs(300);
/// How long a connection may be idle before it is tested when it is handed out.
const TEST_IF_IDLE: Duration = Duration::from_secs(10);

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct Connect {
    /// `sqlite:` or `postgres:` URL.
    pub url: String,
    /// A copy of the database for reads that may lag behind.
    pub read_url: Option<String>,
    /// Connections in the pool; the default depends on the engine and the cores.
    pub max_connections: Option<u32>,
    /// How long a database that is away is waited for at the start.
    pub startup_timeout: Duration,
    /// How long a request waits for a connection before it is refused.
    pub acquire_timeout: Duration,
    /// How long a statement may run. PostgreSQL cancels it then; SQLite knows no such limit, and only the caller
    /// stops waiting.
    pub statement_timeout: Duration,
    /// How long SQLite waits for another process that writes to the same file.
    pub busy_timeout: Duration,
}

/// The pools of one database.
pub(super) struct Pools {
    pub(super) primary: DatabaseConnection,
    /// The one connection that writes to SQLite, where only one can.
    pub(super) writer: Option<DatabaseConnection>,
    pub(super) probe: DatabaseConnection,
    pub(super) replica: Option<DatabaseConnection>,
}

impl Connect {
    pub(super) fn dialect(&self) -> Dialect {
        Dialect::of_url(&self.url)
    }

    /// Opens the pools and waits for a server that is away.
    pub(super) async fn pools(&self, epoch: &Arc<Epoch>) -> Result<Pools, DbErr> {
        let size = self.max_connections.unwrap_or_else(|| self.dialect().pool_size());
        let pool = |url, size| open(self.options(url, size, epoch.clone()));
        let probe = pool(&self.url, 1).await?;
        self.reach(&probe).await?;
        let writer = match self.dialect().single_writer() {
            true => Some(pool(&self.url, 1).await?),
            false => None,
        };
        // Reads do without a replica while it is away, also at the start.
        let replica = match &self.read_url {
            Some(url) => Some(pool(url, size).await?),
            None => None,
        };
        Ok(Pools { primary: pool(&self.url, size).await?, writer, probe, replica })
    }

    /// Connects once outside of the pool, which would keep the reason of a failure to itself, and again as long as
    /// the server may come back.
    async fn reach(&self, pool: &DatabaseConnection) -> Result<(), DbErr> {
        let end = Instant::now() + self.startup_timeout;
        loop {
            let attempt = tokio::time::timeout(CONNECT, connect_once(pool, self.dialect()));
            match attempt.await.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
                Ok(()) => return Ok(()),
                Err(error) if fault::may_pass(&error) && Instant::now() < end => {
                    tracing::warn!(%error, "the database cannot be reached; trying again");
                    tokio::time::sleep(RECONNECT).await;
                }
                Err(error) => return Err(DbErr::Conn(RuntimeErr::SqlxError(error.into()))),
            }
        }
    }

    fn options(&self, url: &str, size: u32, epoch: Arc<Epoch>) -> ConnectOptions {
        let mut options = ConnectOptions::new(url);
        let statement_timeout = self.statement_timeout.as_millis().to_string();
        let busy_timeout = self.busy_timeout;
        options
            .max_connections(size)
            .connect_lazy(true)
            .acquire_timeout(self.acquire_timeout)
            .idle_timeout(IDLE)
            .test_before_acquire(false)
            .test_before_acquire_if_idle_for(TEST_IF_IDLE)
            .sqlx_logging(false)
            .map_sqlx_sqlite_opts(move |options| {
                options
                    .journal_mode(SqliteJournalMode::Wal)
                    // Every acknowledged write is on disk: FULL flushes the log at each commit.
                    .synchronous(SqliteSynchronous::Full)
                    .busy_timeout(busy_timeout)
                    .foreign_keys(true)
                    .pragma("cache_size", "-8000")
            })
            .map_sqlx_postgres_opts(move |options| {
                options.application_name("hyperfleet-api").options(session(&statement_timeout))
            })
            .map_sqlx_postgres_before_acquire(move |_, connection| {
                Box::pin(std::future::ready(Ok(epoch.is_valid(connection.idle_for))))
            })
            // The engine undoes a transaction by itself when the disk is full or fails. The driver then still counts
            // one, and would take for nested, and never commit, whatever came after it.
            .map_sqlx_sqlite_pool_opts(|options| {
                options.after_release(|connection, _| {
                    Box::pin(std::future::ready(Ok(!connection.is_in_transaction())))
                })
            })
            .map_sqlx_postgres_pool_opts(|options| {
                options.after_release(|connection, _| Box::pin(settled(connection)))
            });
        options
    }
}

/// What a PostgreSQL session states because the service relies on it, whatever the defaults of the server, the
/// database or the role are.
fn session(statement_timeout: &str) -> [(&'static str, &str); 8] {
    [
        ("default_transaction_isolation", "read committed"),
        ("TimeZone", "UTC"),
        ("statement_timeout", statement_timeout),
        // A request that waits for a row holds a connection meanwhile.
        ("lock_timeout", "2s"),
        // A host that vanishes in the middle of a transaction must not hold its locks for hours.
        ("idle_in_transaction_session_timeout", "10s"),
        ("tcp_keepalives_idle", "5"),
        ("tcp_user_timeout", "10s"),
        ("jit", "off"),
    ]
}

async fn open(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    Database::connect(options).await
}

async fn connect_once(pool: &DatabaseConnection, dialect: Dialect) -> Result<(), sqlx::Error> {
    match dialect {
        Dialect::Postgres => {
            let options = pool.get_postgres_connection_pool().connect_options();
            PgConnection::connect_with(&options).await?.close().await
        }
        Dialect::Sqlite => {
            let options = pool.get_sqlite_connection_pool().connect_options();
            SqliteConnection::connect_with(&options).await?.close().await
        }
    }
}

/// Waits for the answer to what was given up on a connection, for so long. A server that has vanished without
/// closing it would otherwise keep the connection, and its place in the pool, until the system gives up sending.
async fn settled(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    match tokio::time::timeout(RELEASE, connection.flush()).await {
        Ok(result) => result.map(|()| true),
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}
