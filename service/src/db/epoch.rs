//! Connections that may have died unnoticed.
//!
//! A pool notices a dead connection only by using it. When one breaks, its server has most likely gone, and with
//! it every other connection of that time. Those are closed rather than handed out, so that one request fails
//! and not one for each of them.

use parking_lot::Mutex;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// When connections of a database were last invalidated.
#[derive(Debug, Default)]
pub(crate) struct Epoch {
    invalidated: Mutex<Option<Instant>>,
    /// Told when a connection fails or cannot be had.
    suspicion: Notify,
}

impl Epoch {
    /// Invalidates all connections that are open now.
    pub(super) fn invalidate(&self) {
        *self.invalidated.lock() = Some(Instant::now());
        self.suspect();
    }

    /// Tells who waits for it that the database may be unavailable.
    pub(super) fn suspect(&self) {
        self.suspicion.notify_one();
    }

    /// Waits until the database may be unavailable.
    pub(super) async fn suspected(&self) {
        self.suspicion.notified().await;
    }

    /// Whether a connection that has been idle for so long may still be used.
    pub(super) fn is_valid(&self, idle: Duration) -> bool {
        let invalidated = *self.invalidated.lock();
        invalidated.is_none_or(|invalidated| idle < invalidated.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::Epoch;
    use parking_lot::Mutex;
    use std::time::{Duration, Instant};

    #[test]
    fn only_connections_idle_since_before_the_invalidation_are_invalid() {
        let second = Duration::from_secs(1);
        assert!(Epoch::default().is_valid(60 * second), "nothing was invalidated");
        let ago = Instant::now().checked_sub(second).expect("a machine that has run for a while");
        let epoch = Epoch { invalidated: Mutex::new(Some(ago)), ..Epoch::default() };
        assert!(!epoch.is_valid(60 * second), "idle since before");
        assert!(epoch.is_valid(second / 2), "used successfully since");
        epoch.invalidate();
        assert!(!epoch.is_valid(60 * second), "idle since before the last invalidation");
    }
}
