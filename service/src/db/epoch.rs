//! Connections that may have died unnoticed.
//!
//! A pool notices a dead connection only by using it. When one breaks, its server has most likely gone, and with
//! it every other connection of that time. Those are closed rather than handed out, so that one request fails
//! and not one for each of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// When connections of a database were last invalidated.
#[derive(Debug)]
pub(crate) struct Epoch {
    start: Instant,
    /// Milliseconds from `start` to the last invalidation; 0 before the first.
    invalidated: AtomicU64,
    /// Told when a connection fails or cannot be had.
    suspicion: Notify,
}

impl Epoch {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), invalidated: AtomicU64::new(0), suspicion: Notify::new() }
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    /// Invalidates all connections that are open now.
    pub(super) fn invalidate(&self) {
        self.invalidated.store(self.now().max(1), Ordering::Relaxed);
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
        is_valid(self.invalidated.load(Ordering::Relaxed), self.now(), idle)
    }
}

fn is_valid(invalidated: u64, now: u64, idle: Duration) -> bool {
    invalidated == 0 || idle.as_millis() as u64 + invalidated < now
}

#[cfg(test)]
mod tests {
    use super::is_valid;
    use std::time::Duration;

    #[test]
    fn only_connections_idle_since_before_the_invalidation_are_invalid() {
        let idle = Duration::from_millis;
        assert!(is_valid(0, 500, idle(400)), "nothing was invalidated");
        assert!(!is_valid(300, 500, idle(201)), "idle since before");
        assert!(is_valid(300, 500, idle(199)), "used successfully since");
    }
}
