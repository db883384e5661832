//! What is measured of the database and of the fleet. The names are those of the dashboard and the alerts.

mod database;
mod fleet;

pub use database::{sample_connections, sample_pool_wait};
pub use fleet::{Unreconciled, publish, unreconciled};

pub(crate) use database::{Failure, observe};
pub(crate) use fleet::Started;

/// Makes every metric of this crate exist, at zero: a rate or an alert needs a first value to start from.
pub fn register() {
    database::register();
    fleet::register();
}
