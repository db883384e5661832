//! Limits the writes to each resource to one at a time, before they acquire a connection.
//!
//! A resource that stays locked must not use up the connections of all other requests. With the gate, a process
//! waits for a row with one connection, however many callers write to it.

use crate::error::{Error, Result};
use parking_lot::Mutex;
use sea_orm::DbErr;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Admits one writer to each resource at a time. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    resources: Arc<Mutex<HashMap<Uuid, Arc<Semaphore>>>>,
    timeout: Duration,
}

/// The permit to write to a resource. Released when dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    gate: Gate,
    id: Uuid,
    permit: Option<OwnedSemaphorePermit>,
}

impl Gate {
    /// Creates a gate at which a write waits up to `timeout`.
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { resources: Arc::default(), timeout }
    }

    /// Waits until no other request of this process writes to the resource.
    ///
    /// # Errors
    /// [`Error::Locked`] if the wait exceeds the timeout.
    pub(crate) async fn enter(&self, id: Uuid) -> Result<Pass> {
        let mut pass = Pass { gate: self.clone(), id, permit: None };
        let waiting = tokio::time::timeout(self.timeout, self.semaphore(id).acquire_owned()).await;
        let permit = waiting.ok().and_then(Result::ok);
        let locked = || Error::Locked(DbErr::Custom("other changes of the resource are in progress".into()));
        pass.permit = Some(permit.ok_or_else(locked)?);
        Ok(pass)
    }

    fn semaphore(&self, id: Uuid) -> Arc<Semaphore> {
        let mut resources = self.resources.lock();
        resources.entry(id).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        // The permit holds a reference to the semaphore too.
        drop(self.permit.take());
        let mut resources = self.gate.resources.lock();
        if resources.get(&self.id).is_some_and(|semaphore| Arc::strong_count(semaphore) == 1) {
            resources.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Gate;
    use crate::error::Error;
    use std::time::Duration;
    use uuid::Uuid;

    #[tokio::test]
    async fn one_writer_at_a_time_is_admitted_to_a_resource() {
        let gate = Gate::new(Duration::from_millis(20));
        let (one, other) = (Uuid::nil(), Uuid::max());
        let first = gate.enter(one).await.expect("a pass");
        let refused = gate.enter(one).await;
        assert!(matches!(refused, Err(Error::Locked(_))), "{refused:?}");
        drop(gate.enter(other).await.expect("another resource is another matter"));
        drop(first);
        drop(gate.enter(one).await.expect("it is free again"));
        assert!(gate.resources.lock().is_empty(), "nothing is kept of what is over");
    }

    #[tokio::test]
    async fn who_waits_or_gives_up_does_not_open_the_gate_to_others() {
        let (gate, one) = (Gate::new(Duration::from_millis(50)), Uuid::nil());
        let first = gate.enter(one).await.expect("a pass");
        gate.enter(one).await.expect_err("the first is still inside");
        gate.enter(one).await.expect_err("who gave up has changed nothing");
        let patient = Gate { timeout: Duration::from_secs(60), ..gate.clone() };
        let second = tokio::spawn(async move { patient.enter(one).await });
        tokio::task::yield_now().await;
        drop(first);
        let second = second.await.expect("an end").expect("its turn");
        gate.enter(one).await.expect_err("the second is inside now");
        drop(second);
        drop(gate.enter(one).await.expect("it is free again"));
        assert!(gate.resources.lock().is_empty(), "nothing is kept of what is over");
    }
}
