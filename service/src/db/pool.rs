//! A pool of connections with a reserve.
//!
//! A database does most when about as many statements run in it as its machine has cores, or a few times as many;
//! the others do better to wait outside for their turn. But now and then it stands still for a moment, say while a
//! disk is flushed: then all who have their turn stand, and all who wait would be refused, though a moment later
//! there is room for everyone. So whoever has waited for its turn for some time takes a connection of the reserve.
//! Only when that is used up too is there more to do than can be done.
//!
//! The reserve is a pool of its own. In one pool all connections would be handed out in turn for ever after, and a
//! server that works with many of them in turn is slower than with few.

use crate::metrics;
use ::metrics::Histogram;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How large a pool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Connections in use at a time while nobody waits for long.
    pub regular: u32,
    /// Connections beside them, for when the database stands still.
    pub reserve: u32,
}

/// Connections to one database. Cheap to clone.
#[derive(Clone)]
pub struct Pool {
    regular: DatabaseConnection,
    reserve: Option<DatabaseConnection>,
    /// One for each regular connection.
    turns: Arc<Semaphore>,
    patience: Duration,
    /// How long turns were waited for.
    waits: Histogram,
}

/// The turn of a statement or a transaction, held as long as its connection is.
#[derive(Debug)]
pub(crate) enum Slot {
    /// A regular connection is free for it.
    Regular { _turn: OwnedSemaphorePermit },
    /// It has waited for long enough.
    Reserve,
}

impl Pool {
    /// A pool of so many regular connections. Whoever has waited for one as long as `patience` takes one of the
    /// reserve, or where there is none, waits on as long as the regular ones let it.
    pub(super) fn new(
        regular: DatabaseConnection,
        size: Size,
        reserve: Option<DatabaseConnection>,
        patience: Duration,
    ) -> Self {
        let turns = Arc::new(Semaphore::new(size.regular as usize));
        Self { regular, reserve, turns, patience, waits: metrics::waits_for_turns() }
    }

    /// Waits for a turn, and no longer than is worth it.
    pub(crate) async fn slot(&self) -> Slot {
        self.slot_since(Instant::now()).await
    }

    /// The same for somebody who has waited for other things since `started`.
    pub(crate) async fn slot_since(&self, started: Instant) -> Slot {
        if let Ok(turn) = self.turns.clone().try_acquire_owned() {
            self.waits.record(0.0);
            return Slot::Regular { _turn: turn };
        }
        let asked = Instant::now();
        let patience = self.patience.saturating_sub(started.elapsed());
        let turn = tokio::time::timeout(patience, self.turns.clone().acquire_owned()).await;
        self.waits.record(asked.elapsed().as_secs_f64());
        match turn {
            Ok(Ok(turn)) => Slot::Regular { _turn: turn },
            _ => Slot::Reserve,
        }
    }

    /// How long a turn is waited for.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// The connections that whoever has this slot takes one of.
    pub(crate) fn connections(&self, slot: &Slot) -> &DatabaseConnection {
        match (slot, &self.reserve) {
            (Slot::Reserve, Some(reserve)) => reserve,
            _ => &self.regular,
        }
    }

    /// All connections, those of the reserve apart.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &DatabaseConnection> {
        std::iter::once(&self.regular).chain(&self.reserve)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("patience", &self.patience).finish_non_exhaustive()
    }
}

/// A statement takes its turn, and with it a connection for itself.
#[async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.regular.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let slot = self.slot().await;
        self.connections(&slot).execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let slot = self.slot().await;
        self.connections(&slot).execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let slot = self.slot().await;
        self.connections(&slot).query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let slot = self.slot().await;
        self.connections(&slot).query_all_raw(statement).await
    }
}

#[cfg(test)]
mod tests {
    use super::{Pool, Size, Slot};
    use sea_orm::DatabaseConnection;
    use std::time::{Duration, Instant};

    const PATIENCE: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn whoever_waits_too_long_for_a_turn_takes_from_the_reserve() {
        let nowhere = DatabaseConnection::default;
        let size = Size { regular: 1, reserve: 1 };
        let pool = Pool::new(nowhere(), size, Some(nowhere()), PATIENCE);
        let first = pool.slot().await;
        assert!(std::ptr::eq(pool.connections(&first), &pool.regular), "{first:?}");
        let started = Instant::now();
        let second = pool.slot().await;
        assert!(started.elapsed() >= PATIENCE);
        assert!(std::ptr::eq(pool.connections(&second), pool.reserve.as_ref().expect("a reserve")));
        drop(first);
        assert!(matches!(pool.slot().await, Slot::Regular { .. }), "a turn that is over is the next one's");
    }
}
