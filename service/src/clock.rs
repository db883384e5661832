//! Where the time comes from.

use chrono::{DateTime, SubsecRound, Utc};
use std::sync::Arc;

/// Where the time comes from. Handed in, so that a test can hold it still.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn system() -> Self {
        Self::new(Utc::now)
    }

    /// A clock that asks `source`.
    pub fn new(source: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// The time, to the microsecond: that is what the databases keep, and what is answered before a row is
    /// stored must equal what is read afterwards.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)().trunc_subsecs(6)
    }
}
