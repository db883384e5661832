//! The database: pools to read from, and one way to write. Knows nothing of what is stored.

mod backup;
mod connect;
mod connect_error;
mod endpoint;
mod epoch;
mod executor;
mod fault;
mod file;
mod limit;
mod reach;
mod replica;
mod statements;
mod stream;
mod transaction;

pub use backup::backup;
pub use connect::Connect;
pub use connect_error::ConnectError;
pub use executor::Executor;
pub use replica::Consistency;
pub use statements::sample_connections;

pub(crate) use replica::ReplicaHealth;
pub(crate) use statements::register;

use crate::dialect::Dialect;
use endpoint::Endpoint;
use executor::Monitor;
use file::OpenedFile;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use statements::Statements;
use std::sync::Arc;
use std::time::Duration;

/// How long connections may take to close.
const CLOSE: Duration = Duration::from_secs(5);

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    endpoint: Arc<Endpoint>,
    primary: Executor,
    writer: Executor,
    probe: DatabaseConnection,
    replica: Option<Replica>,
    acquire_timeout: Duration,
    statement_timeout: Duration,
}

/// A copy of the database for reads that may lag behind.
#[derive(Clone)]
pub(crate) struct Replica {
    endpoint: Arc<Endpoint>,
    pub(crate) executor: Executor,
    pub(crate) health: Arc<ReplicaHealth>,
}

impl Db {
    /// Connects. While the database is away, `waiting` is told why, at once and then every few seconds.
    ///
    /// # Errors
    /// The database refuses, is not as the service needs it, or cannot be reached within the startup timeout.
    pub async fn connect(connect: &Connect, waiting: impl Fn(&ConnectError)) -> Result<Self, ConnectError> {
        let endpoint = connect.endpoint(&connect.url)?;
        reach::reach(&endpoint, connect.startup_timeout, waiting).await?;
        // Reads do without a replica while it is away, also at the start.
        let replica = connect.read_url.as_ref().map(|url| connect.endpoint(url)).transpose()?;
        let (dialect, wait) = (endpoint.dialect(), connect.acquire_timeout);
        let size = connect.max_connections.unwrap_or_else(|| dialect.pool_size());
        let monitor = Monitor {
            dialect,
            statements: Arc::new(Statements::new()),
            epoch: Arc::default(),
            file: OpenedFile::of(&endpoint).map(Arc::new),
        };
        let pool = |endpoint: &Endpoint, size, monitor: Monitor| {
            Executor::pool(connect.pool(endpoint, size, wait, &monitor.epoch), monitor)
        };
        let primary = pool(&endpoint, size, monitor.clone());
        Ok(Self {
            writer: match dialect.single_writer() {
                true => pool(&endpoint.of_writer(), 1, monitor.clone()),
                false => primary.clone(),
            },
            primary,
            // What is asked at the start and by probes has limits of its own, which may be longer.
            probe: connect.pool(&endpoint, 1, wait.max(connect.startup_timeout), &monitor.epoch),
            replica: replica.map(|endpoint| {
                // Of another server, so with an epoch of its own.
                let executor = pool(&endpoint, size, Monitor { epoch: Arc::default(), ..monitor });
                let health = Arc::new(ReplicaHealth::new(connect.statement_timeout / 2));
                Replica { endpoint: Arc::new(endpoint), executor, health }
            }),
            endpoint: Arc::new(endpoint),
            acquire_timeout: wait,
            statement_timeout: connect.statement_timeout,
        })
    }

    /// What is particular about the engine.
    pub fn dialect(&self) -> Dialect {
        self.endpoint.dialect()
    }

    /// Where reads see every acknowledged write.
    pub fn primary(&self) -> &Executor {
        &self.primary
    }

    pub(crate) fn replica(&self) -> Option<&Replica> {
        self.replica.as_ref()
    }

    /// A connection of its own that tells whether the database is there, also when all others are busy.
    ///
    /// # Errors
    /// The file of the database is no longer the one that was opened.
    pub fn probe(&self) -> Result<&DatabaseConnection, DbErr> {
        self.primary.monitor.check_file().map(|()| &self.probe)
    }

    /// Whether it refuses writes, as a standby does and a primary that was told to.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn is_read_only(&self) -> Result<bool, DbErr> {
        match self.dialect() {
            Dialect::Postgres => reach::is_read_only(self.probe()?).await,
            Dialect::Sqlite => Ok(false),
        }
    }

    /// Waits until a connection to the database fails or cannot be had.
    pub async fn suspected(&self) {
        self.primary.monitor.epoch.suspected().await;
    }

    /// Asks whether the database can be used, outside the pools, which keep the reason to themselves.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn check(&self) -> Result<(), ConnectError> {
        reach::reach(&self.endpoint, Duration::ZERO, |_| {}).await
    }

    /// Waits until a connection to the replica fails or cannot be had: forever if there is none.
    pub async fn replica_suspected(&self) {
        match &self.replica {
            Some(replica) => replica.executor.monitor.epoch.suspected().await,
            None => std::future::pending().await,
        }
    }

    /// Asks whether the replica can be used, which need not take writes.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn check_replica(&self) -> Result<(), ConnectError> {
        match &self.replica {
            Some(replica) => reach::connects(&replica.endpoint).await,
            None => Ok(()),
        }
    }

    /// Whether the role may read and write the tables that exist.
    ///
    /// # Errors
    /// It may not, or the database cannot be asked.
    pub async fn check_privileges(&self) -> Result<(), ConnectError> {
        match self.dialect() {
            Dialect::Postgres => {
                reach::check_privileges(&self.endpoint, self.probe.get_postgres_connection_pool()).await
            }
            Dialect::Sqlite => Ok(()),
        }
    }

    /// What an error of a statement means for the person who can change the database.
    #[must_use]
    pub fn explain(&self, error: &DbErr) -> ConnectError {
        ConnectError::of_statement(&self.endpoint, error)
    }

    /// Closes all connections, each after what it is doing. SQLite's log is folded into the file before, so that
    /// the file alone is the whole database.
    pub async fn close(&self) {
        let replica = self.replica.iter().map(|replica| &replica.executor);
        if self.dialect().single_writer()
            && let Err(error) = self.writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await
        {
            tracing::warn!(%error, "the log of the database stays beside its file");
        }
        let executors = [&self.primary, &self.writer].into_iter().chain(replica);
        let pools = executors.filter_map(Executor::connection).chain([&self.probe]);
        // One after the other: of two connections to SQLite that close at the same time, each takes the other for one that
        // stays, and neither removes the log.
        let closed = async {
            for pool in pools {
                // It is closed whatever its connections say to that.
                let _ = pool.close_by_ref().await;
            }
        };
        if tokio::time::timeout(CLOSE, closed).await.is_err() {
            tracing::warn!("some connections to the database are still busy; they end with the process");
        }
    }

    /// How long a request waits for a connection.
    pub(crate) fn acquire_timeout(&self) -> Duration {
        self.acquire_timeout
    }

    /// How long a statement takes at the most, the wait for its connection included, unless the server vanished.
    pub(crate) fn answer_timeout(&self) -> Duration {
        self.acquire_timeout + self.statement_timeout
    }

    /// Closes the connections that are open now before they are used again: the database has not answered.
    pub fn invalidate_connections(&self) {
        self.primary.monitor.epoch.invalidate();
    }
}
