//! Reads from a replica of the database, which may lag behind and may be unavailable.

use crate::error::{Error, Result};
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// The time for which a replica that did not answer is not used. Then one read tries it, and the others use the
/// primary until that one has succeeded.
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// The state that a read must see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// The result may lag behind, by as much as the replica does.
    Eventual,
    /// The result includes every write that was acknowledged before.
    Strong,
}

/// The availability of the replica.
#[derive(Debug)]
pub(crate) struct ReplicaHealth {
    /// When the replica is tried again; `None` while it answers.
    retry_at: Mutex<Option<Instant>>,
    /// The maximum time that a read waits for the replica before it uses the primary.
    timeout: Duration,
}

impl ReplicaHealth {
    /// Creates the state of a replica that has not been queried yet. `timeout` leaves time for the primary to
    /// answer.
    pub(super) fn new(timeout: Duration) -> Self {
        Self { retry_at: Mutex::new(None), timeout }
    }

    /// Whether to query the replica now.
    fn is_due(&self) -> bool {
        let mut retry_at = self.retry_at.lock();
        let Some(time) = *retry_at else { return true };
        let is_due = Instant::now() >= time;
        if is_due {
            *retry_at = Some(Instant::now() + RETRY_DELAY);
        }
        is_due
    }

    fn failed(&self, error: &Error) {
        if self.retry_at.lock().replace(Instant::now() + RETRY_DELAY).is_none() {
            tracing::warn!(%error, "the replica does not answer; reads use the primary");
        }
    }

    fn answered(&self) {
        if self.retry_at.lock().take().is_some() {
            tracing::info!("the replica answers again");
        }
    }

    /// Runs `read` on `replica` if it answers, otherwise on `primary`.
    pub(crate) async fn read<S, T, F>(&self, replica: S, primary: S, read: impl Fn(S) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        if !self.is_due() {
            return read(primary).await;
        }
        let answer = tokio::time::timeout(self.timeout, read(replica)).await;
        match answer.unwrap_or_else(|_| Err(Error::no_answer())) {
            Err(error @ (Error::Unavailable(_) | Error::Overloaded)) => {
                self.failed(&error);
                read(primary).await
            }
            // A replica cancels reads that conflict with a change it has to replay, and may not have replayed the
            // migration that created the table yet.
            Err(Error::Retryable(_) | Error::Internal(_)) => read(primary).await,
            result => {
                self.answered();
                result
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{RETRY_DELAY, ReplicaHealth};
    use crate::error::{Error, Result};
    use sea_orm::DbErr;
    use std::time::{Duration, Instant};

    #[test]
    fn a_replica_that_does_not_answer_is_left_alone_for_a_while() {
        let health = ReplicaHealth::new(RETRY_DELAY);
        assert!(health.is_due());
        health.failed(&Error::Internal("away".into()));
        assert!(!health.is_due());
        health.answered();
        assert!(health.is_due());
    }

    #[test]
    fn after_a_while_one_read_tries_the_replica_for_all() {
        let health = ReplicaHealth::new(RETRY_DELAY);
        *health.retry_at.lock() = Some(Instant::now());
        assert!(health.is_due());
        assert!(!health.is_due(), "the others go on without it");
        health.answered();
        assert!(health.is_due() && health.is_due());
    }

    /// Runs a read whose replica returns `answer`. Returns its result, and whether the replica is paused
    /// afterwards.
    async fn read(health: &ReplicaHealth, answer: Result<&'static str>) -> (Result<&'static str>, bool) {
        let read = |database: Option<Result<_>>| async { database.unwrap_or(Ok("primary")) };
        let got = health.read(Some(answer), None, read).await;
        (got, !health.is_due())
    }

    #[tokio::test]
    async fn the_primary_answers_what_the_replica_cannot() {
        let error = || DbErr::Custom("away".into());
        let asked = |answer| async { read(&ReplicaHealth::new(RETRY_DELAY), answer).await };
        assert!(matches!(asked(Ok("replica")).await, (Ok("replica"), false)));
        assert!(matches!(asked(Err(Error::Unavailable(error()))).await, (Ok("primary"), true)));
        assert!(matches!(asked(Err(Error::Overloaded)).await, (Ok("primary"), true)));
        // The replica works, and has replayed a change that conflicts with the read, or not yet replayed the table.
        assert!(matches!(asked(Err(Error::Retryable(error()))).await, (Ok("primary"), false)));
        assert!(matches!(asked(Err(Error::Internal("no such table".into()))).await, (Ok("primary"), false)));
        // The primary would return the same.
        let other = asked(Err(Error::Timeout(error()))).await;
        assert!(matches!(other, (Err(Error::Timeout(_)), false)), "{other:?}");
    }

    #[tokio::test]
    async fn a_replica_that_does_not_answer_in_time_is_left_alone() {
        let health = ReplicaHealth::new(Duration::from_millis(10));
        let read = |is_primary: bool| async move {
            if !is_primary {
                std::future::pending::<()>().await;
            }
            Ok(is_primary)
        };
        assert!(health.read(false, true, read).await.expect("an answer"));
        assert!(!health.is_due());
    }

    #[tokio::test]
    async fn the_first_answer_brings_all_reads_back() {
        let health = ReplicaHealth::new(RETRY_DELAY);
        *health.retry_at.lock() = Some(Instant::now());
        assert!(matches!(read(&health, Ok("replica")).await, (Ok("replica"), false)));
    }
}
