//! The source of the current time.

use chrono::{DateTime, SubsecRound, Utc};
use std::sync::Arc;

/// The source of the current time. It is injected, so that a test can stop the clock.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// Returns the system clock.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn system() -> Self {
        Self::new(Utc::now)
    }

    /// Creates a clock that reads `source`.
    pub fn new(source: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// Returns the current time, truncated to microseconds. The databases store microseconds, and a time that is
    /// returned before a row is stored must equal the time that is read afterwards.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)().trunc_subsecs(6)
    }
}
