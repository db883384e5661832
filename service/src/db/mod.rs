//! The database: pools for reads, and one path for writes. Independent of the stored data.

mod availability;
mod backup;
mod connect;
mod connect_error;
mod endpoint;
mod executor;
mod fault;
mod file;
mod invalidation;
mod limit;
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

/// The maximum time for closing the connections.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

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

/// A replica of the database, for reads that may lag behind.
#[derive(Clone)]
pub(crate) struct Replica {
    endpoint: Arc<Endpoint>,
    pub(crate) executor: Executor,
    pub(crate) health: Arc<ReplicaHealth>,
}

impl Db {
    /// Connects to the database. While it is unavailable, `waiting` is called with the reason, immediately and then
    /// every few seconds.
    ///
    /// # Errors
    /// The database refuses the connection, does not meet the requirements of the service, or cannot be reached
    /// within the startup timeout.
    pub async fn connect(connect: &Connect, waiting: impl Fn(&ConnectError)) -> Result<Self, ConnectError> {
        let endpoint = connect.endpoint(&connect.url)?;
        availability::check(&endpoint, connect.startup_timeout, waiting).await?;
        // Reads do without a replica while it is unavailable, including at startup.
        let replica = connect.read_url.as_ref().map(|url| connect.endpoint(url)).transpose()?;
        let (dialect, wait) = (endpoint.dialect(), connect.acquire_timeout);
        let size = connect.max_connections.unwrap_or_else(|| dialect.pool_size());
        let monitor = Monitor {
            dialect,
            statements: Arc::new(Statements::new()),
            invalidation: Arc::default(),
            file: OpenedFile::of(&endpoint).map(Arc::new),
        };
        let pool = |endpoint: &Endpoint, size, monitor: Monitor| {
            Executor::pool(connect.pool(endpoint, size, wait, &monitor.invalidation), monitor)
        };
        let primary = pool(&endpoint, size, monitor.clone());
        Ok(Self {
            writer: match dialect.single_writer() {
                true => pool(&endpoint.of_writer(), 1, monitor.clone()),
                false => primary.clone(),
            },
            primary,
            // Queries at startup and of probes have separate time limits, which may be longer.
            probe: connect.pool(&endpoint, 1, wait.max(connect.startup_timeout), &monitor.invalidation),
            replica: replica.map(|endpoint| {
                // The replica is another server, so it has a separate invalidation.
                let executor = pool(&endpoint, size, Monitor { invalidation: Arc::default(), ..monitor });
                let health = Arc::new(ReplicaHealth::new(connect.statement_timeout / 2));
                Replica { endpoint: Arc::new(endpoint), executor, health }
            }),
            endpoint: Arc::new(endpoint),
            acquire_timeout: wait,
            statement_timeout: connect.statement_timeout,
        })
    }

    /// Returns the dialect of the engine.
    pub fn dialect(&self) -> Dialect {
        self.endpoint.dialect()
    }

    /// Returns the executor whose reads see every acknowledged write.
    pub fn primary(&self) -> &Executor {
        &self.primary
    }

    pub(crate) fn replica(&self) -> Option<&Replica> {
        self.replica.as_ref()
    }

    /// Returns a dedicated connection that checks whether the database is available, even if all others are busy.
    ///
    /// # Errors
    /// The file of the database is no longer the one that was opened.
    pub fn probe(&self) -> Result<&DatabaseConnection, DbErr> {
        self.primary.monitor.check_file().map(|()| &self.probe)
    }

    /// Whether the database refuses writes, as a standby does, or a primary that is configured to.
    ///
    /// # Errors
    /// The database cannot be queried.
    pub async fn is_read_only(&self) -> Result<bool, DbErr> {
        match self.dialect() {
            Dialect::Postgres => availability::is_read_only(self.probe()?).await,
            Dialect::Sqlite => Ok(false),
        }
    }

    /// Waits until a connection to the database fails or cannot be acquired.
    pub async fn suspected(&self) {
        self.primary.monitor.invalidation.suspected().await;
    }

    /// Checks whether the database can be used, outside the pools, which do not report the reason of a failure.
    ///
    /// # Errors
    /// The reason why the database cannot be used.
    pub async fn check(&self) -> Result<(), ConnectError> {
        availability::check(&self.endpoint, Duration::ZERO, |_| {}).await
    }

    /// Waits until a connection to the replica fails or cannot be acquired. Never returns if there is no replica.
    pub async fn replica_suspected(&self) {
        match &self.replica {
            Some(replica) => replica.executor.monitor.invalidation.suspected().await,
            None => std::future::pending().await,
        }
    }

    /// Checks whether the replica can be used. It does not have to accept writes.
    ///
    /// # Errors
    /// The reason why the replica cannot be used.
    pub async fn check_replica(&self) -> Result<(), ConnectError> {
        match &self.replica {
            Some(replica) => availability::connects(&replica.endpoint).await,
            None => Ok(()),
        }
    }

    /// Checks whether the role may read and write the existing tables.
    ///
    /// # Errors
    /// The role lacks a privilege, or the database cannot be queried.
    pub async fn check_privileges(&self) -> Result<(), ConnectError> {
        match self.dialect() {
            Dialect::Postgres => {
                availability::check_privileges(&self.endpoint, self.probe.get_postgres_connection_pool())
                    .await
            }
            Dialect::Sqlite => Ok(()),
        }
    }

    /// Explains an error of a statement to the operator.
    #[must_use]
    pub fn explain(&self, error: &DbErr) -> ConnectError {
        ConnectError::of_statement(&self.endpoint, error)
    }

    /// Closes all connections, each after its current work. SQLite's write-ahead log is written to the file first,
    /// so that the file alone is the whole database.
    pub async fn close(&self) {
        let replica = self.replica.iter().map(|replica| &replica.executor);
        if self.dialect().single_writer()
            && let Err(error) = self.writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await
        {
            tracing::warn!(%error, "the write-ahead log could not be merged into the database file");
        }
        let executors = [&self.primary, &self.writer].into_iter().chain(replica);
        let pools = executors.filter_map(Executor::connection).chain([&self.probe]);
        // Sequentially: of two connections to SQLite that close at the same time, each assumes that the other one
        // stays open, and neither removes the log.
        let closed = async {
            for pool in pools {
                // The pool is closed even if closing a connection fails.
                let _ = pool.close_by_ref().await;
            }
        };
        if tokio::time::timeout(CLOSE_TIMEOUT, closed).await.is_err() {
            tracing::warn!("some connections to the database are still busy; they end with the process");
        }
    }

    /// Returns the maximum time that a request waits for a connection.
    pub(crate) fn acquire_timeout(&self) -> Duration {
        self.acquire_timeout
    }

    /// Returns the maximum duration of a statement, including the wait for its connection, unless the server has
    /// vanished.
    pub(crate) fn answer_timeout(&self) -> Duration {
        self.acquire_timeout + self.statement_timeout
    }

    /// Invalidates the connections that are open now because the database did not answer: they are closed before
    /// they are used again.
    pub fn invalidate_connections(&self) {
        self.primary.monitor.invalidation.invalidate();
    }
}
