//! Connections that may have died unnoticed.
//!
//! A pool learns of a dead connection only by using it. When one breaks, its server has most likely gone, and with
//! it every other connection of that time: those are thrown away rather than handed out, so that one request fails
//! and not one for each of them.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);
/// Milliseconds from [`START`] to the last break, of whichever connection of this process; 0 before the first.
static LAST: AtomicU64 = AtomicU64::new(0);

fn now() -> u64 {
    START.elapsed().as_millis() as u64
}

/// Notes that a connection has broken, or that its server does not answer.
pub(crate) fn note() {
    LAST.store(now().max(1), Ordering::Relaxed);
}

/// Whether a connection that has been idle for so long was open when the last one broke.
pub(super) fn outlived(idle: Duration) -> bool {
    outlived_at(LAST.load(Ordering::Relaxed), now(), idle)
}

fn outlived_at(last: u64, now: u64, idle: Duration) -> bool {
    last > 0 && idle.as_millis() as u64 + last >= now
}

#[cfg(test)]
mod tests {
    use super::outlived_at;
    use std::time::Duration;

    #[test]
    fn only_what_was_idle_before_the_last_break_is_in_doubt() {
        let idle = Duration::from_millis;
        assert!(!outlived_at(0, 500, idle(400)), "nothing has broken yet");
        assert!(outlived_at(300, 500, idle(201)), "idle since before the break");
        assert!(!outlived_at(300, 500, idle(199)), "used after the break, and all was well");
    }
}
