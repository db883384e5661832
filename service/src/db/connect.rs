//! How the database is reached: the pools, and what each connection is told.

use super::pool::{Pool, Size};
use super::{breaks, fault};
use crate::dialect::Dialect;
use crate::metrics;
use log::LevelFilter;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, RuntimeErr};
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, PgConnection};
use std::time::{Duration, Instant};

/// How long a request waits for a connection, unless the operator says otherwise or connecting takes longer.
const WAIT: Duration = Duration::from_millis(200);
/// How long it waits at the most where connecting takes long.
const LONG_WAIT: Duration = Duration::from_secs(1);
/// The part of the wait that is for a turn; the rest is for a connection. Under the highest load turns come within
/// half of this part. When the reserve is needed, it has to be made: dozens of connections at once.
const TURN: f32 = 0.3;
/// How long connecting may take where no request waits for it.
const CONNECT: Duration = Duration::from_secs(5);
/// How often a database that is away at the start is tried.
const RECONNECT: Duration = Duration::from_millis(500);
/// How long connections of the reserve are kept for the next time they are needed.
const SPARE: Duration = Duration::from_secs(20);
/// How long a connection that is given back may take to finish what was left on it. Its turn is the next one's
/// already, who waits for it in vain.
const RELEASE: Duration = Duration::from_secs(1);

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct Connect {
    /// `sqlite:` or `postgres:` URL.
    pub url: String,
    /// A copy of the database for reads that may lag.
    pub read_url: Option<String>,
    /// Connections in the pool; the default depends on the engine and the cores.
    pub max_connections: Option<u32>,
    /// Connections beside them for when the database stands still; the default is none where `max_connections` is
    /// said, and else depends on the engine.
    pub reserve_connections: Option<u32>,
    /// How long a PostgreSQL that is away is waited for.
    pub startup_timeout: Duration,
    /// How long a request waits for a connection before it is refused: a third of it for its turn, and the rest for
    /// the connection itself, which if it is a new one is made in this time or not at all. The default is 200 ms,
    /// or three times as long as it takes to connect if that is more, but no more than a second.
    pub acquire_timeout: Option<Duration>,
    /// How long a statement may run. PostgreSQL cancels it then; SQLite knows no such limit, and only the caller
    /// stops waiting.
    pub statement_timeout: Duration,
    /// How long SQLite waits for another process that writes to the same file.
    pub busy_timeout: Duration,
}

/// The connections that everything but SQLite's writer works with.
pub(super) struct Pools {
    pub(super) primary: Pool,
    pub(super) probe: DatabaseConnection,
    pub(super) replica: Option<Pool>,
    /// How long a request waits for one of them.
    pub(super) wait: Duration,
}

impl Connect {
    pub(super) fn dialect(&self) -> Dialect {
        Dialect::of_url(&self.url)
    }

    /// Connects, and waits for a server that is away.
    pub(super) async fn pools(&self) -> Result<Pools, DbErr> {
        let end = Instant::now() + self.startup_timeout;
        loop {
            match self.pools_now().await {
                Err(error) if self.worth_waiting(&error) && Instant::now() < end => {
                    tracing::warn!(%error, "the database is away; trying again");
                    tokio::time::sleep(RECONNECT).await;
                }
                result => return result,
            }
        }
    }

    /// A server may come back; a file that cannot be opened is a matter of its path.
    fn worth_waiting(&self, error: &DbErr) -> bool {
        self.dialect() == Dialect::Postgres && fault::may_pass(error)
    }

    async fn pools_now(&self) -> Result<Pools, DbErr> {
        let wait = self.wait().await?;
        let mut options = self.options(&self.url, wait);
        options.max_connections(1).connect_lazy(true);
        let probe = open(options).await?;
        let primary = self.pool(&self.url, wait, false).await?;
        let replica = match &self.read_url {
            // Reads do without it while it is away, also now.
            Some(url) => Some(self.pool(url, wait, true).await?),
            None => None,
        };
        Ok(Pools { primary, probe, replica, wait })
    }

    fn size(&self) -> Size {
        let default = self.dialect().pool_size();
        let size = self.max_connections.map_or(default, |regular| Size { regular, reserve: 0 });
        Size { reserve: self.reserve_connections.unwrap_or(size.reserve), ..size }
    }

    async fn pool(&self, url: &str, wait: Duration, lazy: bool) -> Result<Pool, DbErr> {
        let size = self.size();
        let for_turn = wait.mul_f32(TURN);
        let mut options = self.options(url, wait - for_turn);
        options.max_connections(size.regular).connect_lazy(lazy);
        let regular = open(options.clone()).await?;
        let reserve = match size.reserve {
            0 => None,
            reserve => {
                options.max_connections(reserve).idle_timeout(SPARE).connect_lazy(true);
                Some(open(options).await?)
            }
        };
        Ok(Pool::new(regular, size, reserve, for_turn))
    }

    /// How long a request waits for a connection. Where it has to be long enough to connect, that is found out
    /// here and not by the first requests under load.
    async fn wait(&self) -> Result<Duration, DbErr> {
        if self.dialect() != Dialect::Postgres {
            return Ok(self.acquire_timeout.unwrap_or(WAIT));
        }
        let mut options = self.options(&self.url, CONNECT.min(self.startup_timeout.max(WAIT)));
        options.max_connections(1);
        let first = open(options).await?;
        // The shortest of three: what else a machine does that is just starting only adds time.
        let mut quickest = time_to_connect(&first).await?;
        for _ in 0..2 {
            quickest = quickest.min(time_to_connect(&first).await?);
        }
        let needed = (2 * quickest).div_f32(1.0 - TURN);
        // A connection that cannot be closed in order is dropped.
        let _ = tokio::time::timeout(RELEASE, first.close()).await;
        let wait = self.acquire_timeout.unwrap_or(needed.clamp(WAIT, LONG_WAIT));
        if wait < needed || wait > WAIT && self.acquire_timeout.is_none() {
            tracing::warn!(
                needed_ms = needed.as_millis() as u64,
                acquire_timeout_ms = wait.as_millis() as u64,
                "connecting to the database takes long; database.pool.acquire_timeout should leave time for it"
            );
        }
        Ok(wait)
    }

    /// For the one connection that writes to SQLite.
    pub(super) fn of_writer(&self) -> ConnectOptions {
        let mut options = self.options(&self.url, CONNECT);
        options.max_connections(1);
        options
    }

    fn options(&self, url: &str, wait: Duration) -> ConnectOptions {
        let mut options = ConnectOptions::new(url);
        let statement_timeout = self.statement_timeout.as_millis().to_string();
        let busy_timeout = self.busy_timeout;
        options
            .acquire_timeout(wait)
            .idle_timeout(Duration::from_secs(300))
            .test_before_acquire(false)
            .test_before_acquire_if_idle_for(Duration::from_secs(10))
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
                options
                    .application_name("hyperfleet-api")
                    .options([("statement_timeout", statement_timeout.as_str()), ("jit", "off")])
            })
            .map_sqlx_postgres_before_acquire(|_, connection| {
                Box::pin(std::future::ready(Ok(!breaks::outlived(connection.idle_for))))
            })
            // The level at which a pool tells how long it took to hand out a connection.
            .map_sqlx_sqlite_pool_opts(|options| options.acquire_time_level(LevelFilter::Debug))
            .map_sqlx_postgres_pool_opts(|options| {
                options
                    .acquire_time_level(LevelFilter::Debug)
                    .after_release(|connection, _| Box::pin(settled(connection)))
            });
        options
    }
}

pub(super) async fn open(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    let mut connection = Database::connect(options).await?;
    metrics::observe(&mut connection);
    Ok(connection)
}

/// How long it takes to connect once more, to a server that was just there.
async fn time_to_connect(pool: &DatabaseConnection) -> Result<Duration, DbErr> {
    let options = pool.get_postgres_connection_pool().connect_options();
    let started = Instant::now();
    let connecting = tokio::time::timeout(CONNECT, PgConnection::connect_with(&options)).await;
    let connected = connecting.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    let connection = connected.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
    let took = started.elapsed();
    // It has served its purpose.
    let _ = tokio::time::timeout(RELEASE, connection.close()).await;
    Ok(took)
}

/// Waits for the answer to what was given up on a connection, for so long. A server that has vanished without
/// closing it would else keep the connection, and its place in the pool, until the system gives up sending.
async fn settled(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    match tokio::time::timeout(RELEASE, connection.flush()).await {
        Ok(result) => result.map(|()| true),
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}
