//! The database: pools to read from, and one way to write. Knows nothing of what is stored.

mod connect;
mod epoch;
mod executor;
mod fault;
mod replica;
mod statements;
mod transaction;

pub use connect::Connect;
pub use executor::Executor;
pub use replica::Consistency;
pub use statements::sample_connections;

pub(crate) use replica::ReplicaHealth;
pub(crate) use statements::register;

use crate::dialect::Dialect;
use connect::Pools;
use epoch::Epoch;
use executor::Monitor;
use sea_orm::{DatabaseConnection, DbErr};
use statements::Statements;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    dialect: Dialect,
    primary: Executor,
    writer: Executor,
    probe: DatabaseConnection,
    replica: Option<(Executor, Arc<ReplicaHealth>)>,
    acquire_timeout: Duration,
    statement_timeout: Duration,
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}

impl Db {
    /// Connects.
    ///
    /// # Errors
    /// The database refuses, or cannot be reached within the startup timeout.
    pub async fn connect(connect: &Connect) -> Result<Self, DbErr> {
        let epoch = Arc::new(Epoch::new());
        let Pools { primary, writer, probe, replica } = connect.pools(&epoch).await?;
        let monitor = Monitor { dialect: connect.dialect(), statements: Arc::new(Statements::new()), epoch };
        let primary = Executor::pool(primary, monitor.clone());
        let writer = writer.map_or_else(|| primary.clone(), |pool| Executor::pool(pool, monitor.clone()));
        let health = Arc::new(ReplicaHealth::new(connect.statement_timeout / 2));
        Ok(Self {
            dialect: connect.dialect(),
            primary,
            writer,
            probe,
            replica: replica.map(|pool| (Executor::pool(pool, monitor), health)),
            acquire_timeout: connect.acquire_timeout,
            statement_timeout: connect.statement_timeout,
        })
    }

    /// What is particular about the engine.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Where reads see every acknowledged write.
    pub fn primary(&self) -> &Executor {
        &self.primary
    }

    pub(crate) fn replica(&self) -> Option<&(Executor, Arc<ReplicaHealth>)> {
        self.replica.as_ref()
    }

    /// A connection of its own that tells whether the database is there, also when all others are busy.
    pub fn probe(&self) -> &DatabaseConnection {
        &self.probe
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
        self.primary.invalidate();
    }

    fn writer(&self) -> &Executor {
        &self.writer
    }

    fn statements(&self) -> &Statements {
        &self.primary.monitor().statements
    }

    /// The label of each pool, with its open and its idle connections.
    fn connections(&self) -> impl Iterator<Item = (&'static str, (usize, usize))> {
        let replica = self.replica.as_ref().map(|(executor, _)| ("replica", executor));
        std::iter::once(("primary", &self.primary))
            .chain(replica)
            .filter_map(|(role, executor)| Some((role, size(self.dialect, executor.connection()?))))
    }
}

/// Open and idle connections.
fn size(dialect: Dialect, pool: &DatabaseConnection) -> (usize, usize) {
    match dialect {
        Dialect::Postgres => {
            let pool = pool.get_postgres_connection_pool();
            (pool.size() as usize, pool.num_idle())
        }
        Dialect::Sqlite => {
            let pool = pool.get_sqlite_connection_pool();
            (pool.size() as usize, pool.num_idle())
        }
    }
}
