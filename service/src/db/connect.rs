//! Connections to the database: the pools, and the setup of each connection.

use super::connect_error::ConnectError;
use super::endpoint::Endpoint;
use super::invalidation::Invalidation;
use sea_orm::DatabaseConnection;
use sqlx::pool::PoolOptions;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Database, PgConnection, Postgres, Sqlite};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The maximum time for a released connection to finish its pending work.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);
/// The time after which an idle connection of the pool is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// The idle time after which a connection is tested before it is handed out.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(10);

/// The number of virtual machine steps between two checks of the clock by SQLite. A row takes about ten steps; a
/// single step that compares a large text may take a second.
const PROGRESS_STEPS: i32 = 20;

/// The options for connecting to the database.
#[derive(Clone, Debug)]
pub struct Connect {
    /// The `sqlite:` or `postgres:` URL of the database.
    pub url: String,
    /// The URL of a replica, for reads that may lag behind.
    pub read_url: Option<String>,
    /// The maximum number of connections in the pool. The default depends on the engine and the number of cores.
    pub max_connections: Option<u32>,
    /// The maximum time to wait for an unavailable database at startup.
    pub startup_timeout: Duration,
    /// The maximum time that a request waits for a connection before it is rejected.
    pub acquire_timeout: Duration,
    /// The maximum duration of a statement, or of a transaction on SQLite. After it, the work is canceled.
    pub statement_timeout: Duration,
    /// The maximum time that SQLite waits for another process that writes to the same file.
    pub busy_timeout: Duration,
}

impl Connect {
    /// Parses a URL.
    pub(super) fn endpoint(&self, url: &str) -> Result<Endpoint, ConnectError> {
        Endpoint::parse(url, self.statement_timeout, self.busy_timeout)
            .map_err(|_| ConnectError::unreadable_url())
    }

    /// Creates a pool that opens connections on demand.
    pub(super) fn pool(
        &self,
        endpoint: &Endpoint,
        size: u32,
        wait: Duration,
        invalidation: &Arc<Invalidation>,
    ) -> DatabaseConnection {
        match endpoint {
            Endpoint::Postgres(options) => {
                let invalidation = invalidation.clone();
                let pool = pool_options::<Postgres>(size, wait)
                    .before_acquire(move |connection, state| {
                        let is_valid = invalidation.is_valid(state.idle_for);
                        Box::pin(async move {
                            if is_valid && state.idle_for >= TEST_AFTER_IDLE {
                                connection.ping().await?;
                            }
                            Ok(is_valid)
                        })
                    })
                    .after_release(|connection, _| Box::pin(flushed(connection)));
                pool.connect_lazy_with(options.clone()).into()
            }
            Endpoint::Sqlite(options) => {
                let timeout = self.statement_timeout;
                let pool = pool_options::<Sqlite>(size, wait)
                    .after_connect(move |connection, _| Box::pin(limit(connection, timeout)))
                    .before_acquire(move |connection, _| {
                        Box::pin(async move { limit(connection, timeout).await.map(|()| true) })
                    })
                    // SQLite rolls back a transaction by itself when the disk is full or fails, or when it cancels
                    // a statement. The driver still counts that transaction as open, and would treat the next one
                    // as nested and never commit it.
                    .after_release(|connection, _| {
                        Box::pin(std::future::ready(Ok(!connection.is_in_transaction())))
                    });
                pool.connect_lazy_with(options.clone()).into()
            }
        }
    }
}

fn pool_options<D: Database>(size: u32, acquire_timeout: Duration) -> PoolOptions<D> {
    PoolOptions::new()
        .max_connections(size)
        .acquire_timeout(acquire_timeout)
        .idle_timeout(IDLE_TIMEOUT)
        .test_before_acquire(false)
}

/// Cancels the work of a SQLite connection after `timeout`. The limit restarts each time the connection is handed
/// out.
async fn limit(connection: &mut SqliteConnection, timeout: Duration) -> Result<(), sqlx::Error> {
    let end = Instant::now() + timeout;
    connection.lock_handle().await?.set_progress_handler(PROGRESS_STEPS, move || Instant::now() < end);
    Ok(())
}

/// Waits up to [`RELEASE_TIMEOUT`] for the response to an abandoned statement. Otherwise, a server that has vanished
/// without closing the connection would occupy a place in the pool until the operating system stops sending.
async fn flushed(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    match tokio::time::timeout(RELEASE_TIMEOUT, connection.flush()).await {
        Ok(result) => result.map(|()| true),
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}
