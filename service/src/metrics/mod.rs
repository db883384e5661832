//! What is measured of the database and of the fleet. The names are those of the dashboard and the alerts.

mod database;
mod fleet;
mod waiting;

pub use database::{POOL_EVENT, sample_connections, waited_for_connection};
pub use fleet::{Unreconciled, publish};
pub use waiting::{Counting, unreconciled};

pub(crate) use database::{Failure, commit_failed, observe, rollback_failed, waits_for_turns};
pub(crate) use fleet::Started;

/// Makes every metric of this crate exist, at zero: a rate or an alert needs a first value to start from.
pub fn register() {
    database::register();
    fleet::register();
}
