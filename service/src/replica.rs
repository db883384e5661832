//! Reading from a copy of the database, which may lag behind and may be away.

use crate::{Context, Error, Result};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long nobody asks a replica that did not answer. Then one read tries it, and the others go on
/// without it until that one has succeeded.
const PAUSE: Duration = Duration::from_secs(5);

/// How new what is read must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It may lag behind by as much as the replica does.
    MayLag,
    /// It holds every write that was answered before.
    Newest,
}

/// Whether the replica answers.
#[derive(Debug)]
pub(crate) struct Standing {
    start: Instant,
    /// Milliseconds after `start` at which the replica is tried again; 0 while it answers.
    retry_at: AtomicU64,
    /// How long a read waits for the replica before it asks the database itself.
    patience: Duration,
}

impl Standing {
    /// A replica that nobody has asked yet. `patience` leaves time for the database itself to answer.
    pub(crate) fn new(patience: Duration) -> Self {
        Self { start: Instant::now(), retry_at: AtomicU64::new(0), patience }
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    fn next_try(&self) -> u64 {
        self.now() + PAUSE.as_millis() as u64
    }

    /// Whether to ask the replica now.
    fn worth_asking(&self) -> bool {
        let retry_at = self.retry_at.load(Ordering::Relaxed);
        let is_my_turn = || {
            let next = self.next_try();
            self.retry_at.compare_exchange(retry_at, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        retry_at == 0 || (self.now() >= retry_at && is_my_turn())
    }

    fn failed(&self, error: &Error) {
        if self.retry_at.swap(self.next_try(), Ordering::Relaxed) == 0 {
            tracing::warn!(%error, "the replica does not answer: reads go to the database itself");
        }
    }

    fn answered(&self) {
        if self.retry_at.load(Ordering::Relaxed) != 0 && self.retry_at.swap(0, Ordering::Relaxed) != 0 {
            tracing::info!("the replica answers again");
        }
    }
}

impl Context {
    /// Runs a read on the replica, if there is one, if it will do, and if it answers; else on the database
    /// itself. `read` is handed the context to read in.
    pub async fn read<T, F>(&self, freshness: Freshness, read: impl Fn(Context) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let Some(standing) = self.db.replica_standing() else { return read(self.clone()).await };
        if freshness == Freshness::Newest || !standing.worth_asking() {
            return read(self.on_primary()).await;
        }
        let answer = tokio::time::timeout(standing.patience, read(self.clone())).await;
        match answer.unwrap_or_else(|_| Err(Error::no_answer())) {
            Err(error @ (Error::Unavailable(_) | Error::Overloaded)) => {
                standing.failed(&error);
                read(self.on_primary()).await
            }
            // A replica cancels reads that stand in the way of what it has to catch up with.
            Err(Error::GaveWay(_)) => read(self.on_primary()).await,
            result => {
                standing.answered();
                result
            }
        }
    }

    /// The same, where every read goes to the database itself.
    fn on_primary(&self) -> Context {
        Context { db: self.db.without_replica(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ordering, PAUSE, Standing};
    use crate::Error;
    use std::time::Instant;

    #[test]
    fn a_replica_that_does_not_answer_is_left_alone_for_a_while() {
        let standing = Standing::new(PAUSE);
        assert!(standing.worth_asking());
        standing.failed(&Error::Internal("away".into()));
        assert!(!standing.worth_asking());
        standing.answered();
        assert!(standing.worth_asking());
    }

    #[test]
    fn after_a_while_one_read_tries_the_replica_for_all() {
        let start = Instant::now().checked_sub(PAUSE).expect("a machine that has run for a while");
        let standing = Standing { start, ..Standing::new(PAUSE) };
        standing.retry_at.store(1, Ordering::Relaxed);
        assert!(standing.worth_asking());
        assert!(!standing.worth_asking(), "the others go on without it");
        standing.answered();
        assert!(standing.worth_asking() && standing.worth_asking());
    }
}
