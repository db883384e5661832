//! Detection of connections that may have broken unnoticed.
//!
//! A pool notices a broken connection only by using it. When one breaks, its server has most likely stopped, and
//! every other connection that was open at that time is broken too. Those connections are closed instead of handed
//! out, so that one request fails, and not one for each connection.

use parking_lot::Mutex;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The time at which the connections of a database were last invalidated.
#[derive(Debug, Default)]
pub(crate) struct Invalidation {
    invalidated: Mutex<Option<Instant>>,
    /// Notified when a connection fails or cannot be acquired.
    suspicion: Notify,
}

impl Invalidation {
    /// Invalidates all connections that are open now.
    pub(super) fn invalidate(&self) {
        *self.invalidated.lock() = Some(Instant::now());
        self.suspect();
    }

    /// Notifies the waiting task that the database may be unavailable.
    pub(super) fn suspect(&self) {
        self.suspicion.notify_one();
    }

    /// Waits until the database may be unavailable.
    pub(super) async fn suspected(&self) {
        self.suspicion.notified().await;
    }

    /// Whether a connection that has been idle for `idle` may still be used.
    pub(super) fn is_valid(&self, idle: Duration) -> bool {
        let invalidated = *self.invalidated.lock();
        invalidated.is_none_or(|invalidated| idle < invalidated.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::Invalidation;
    use parking_lot::Mutex;
    use std::time::{Duration, Instant};

    #[test]
    fn only_connections_idle_since_before_the_invalidation_are_invalid() {
        let second = Duration::from_secs(1);
        assert!(Invalidation::default().is_valid(60 * second), "nothing was invalidated");
        let ago = Instant::now().checked_sub(second).expect("a machine that has run for a while");
        let invalidation = Invalidation { invalidated: Mutex::new(Some(ago)), ..Invalidation::default() };
        assert!(!invalidation.is_valid(60 * second), "idle since before");
        assert!(invalidation.is_valid(second / 2), "used successfully since");
        invalidation.invalidate();
        assert!(!invalidation.is_valid(60 * second), "idle since before the last invalidation");
    }
}
