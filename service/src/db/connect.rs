//! How the database is reached: the pools, and what each connection states of itself.

use super::connect_error::ConnectError;
use super::endpoint::Endpoint;
use super::epoch::Epoch;
use sea_orm::DatabaseConnection;
use sqlx::pool::PoolOptions;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Database, PgConnection, Postgres, Sqlite};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a connection that is given back may take to finish what was left on it.
const RELEASE: Duration = Duration::from_secs(1);
/// How long connections of the pool may be idle before they are closed.
const IDLE: Duration = Duration::from_secs(300);
/// How long a connection may be idle before it is tested when it is handed out.
const TEST_IF_IDLE: Duration = Duration::from_secs(10);

/// After how many of its steps SQLite looks at the clock. A row takes some ten; a single one that compares a large text
/// may take a second.
const STEPS: i32 = 20;

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
    /// How long a statement may run, on SQLite a transaction. Then it is stopped.
    pub statement_timeout: Duration,
    /// How long SQLite waits for another process that writes to the same file.
    pub busy_timeout: Duration,
}

impl Connect {
    /// Where a URL leads.
    pub(super) fn endpoint(&self, url: &str) -> Result<Endpoint, ConnectError> {
        Endpoint::parse(url, self.statement_timeout, self.busy_timeout)
            .map_err(|_| ConnectError::unreadable_url())
    }

    /// A pool whose connections are opened when they are needed.
    pub(super) fn pool(
        &self,
        endpoint: &Endpoint,
        size: u32,
        wait: Duration,
        epoch: &Arc<Epoch>,
    ) -> DatabaseConnection {
        match endpoint {
            Endpoint::Postgres(options) => {
                let epoch = epoch.clone();
                let pool = pool_options::<Postgres>(size, wait)
                    .before_acquire(move |connection, state| {
                        let is_valid = epoch.is_valid(state.idle_for);
                        Box::pin(async move {
                            if is_valid && state.idle_for >= TEST_IF_IDLE {
                                connection.ping().await?;
                            }
                            Ok(is_valid)
                        })
                    })
                    .after_release(|connection, _| Box::pin(settled(connection)));
                pool.connect_lazy_with(options.clone()).into()
            }
            Endpoint::Sqlite(options) => {
                let timeout = self.statement_timeout;
                let pool = pool_options::<Sqlite>(size, wait)
                    .after_connect(move |connection, _| Box::pin(limit(connection, timeout)))
                    .before_acquire(move |connection, _| {
                        Box::pin(async move { limit(connection, timeout).await.map(|()| true) })
                    })
                    // The engine undoes a transaction by itself when the disk is full or fails, or when it stops a
                    // statement. The driver then still counts one, and would take for nested, and never commit,
                    // whatever came after it.
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
        .idle_timeout(IDLE)
        .test_before_acquire(false)
}

/// Stops whatever runs on a SQLite connection after so long: each time it is handed out the limit starts anew.
async fn limit(connection: &mut SqliteConnection, timeout: Duration) -> Result<(), sqlx::Error> {
    let end = Instant::now() + timeout;
    connection.lock_handle().await?.set_progress_handler(STEPS, move || Instant::now() < end);
    Ok(())
}

/// Waits for the answer to what was given up on a connection, for so long. A server that has vanished without
/// closing it would otherwise keep the connection, and its place in the pool, until the system gives up sending.
async fn settled(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    match tokio::time::timeout(RELEASE, connection.flush()).await {
        Ok(result) => result.map(|()| true),
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}
