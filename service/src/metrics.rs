//! The metrics of the fleet. The dashboard and the alerts use their names.

use crate::kind::Kind;
use crate::store::counts::UnreconciledRow;
use chrono::{DateTime, Utc};
use metrics::{Counter, counter, gauge};

pub use crate::db::sample_connections;

const STARTED: &str = "hyperfleet_api_reconciliation_started_total";
const PENDING: &str = "hyperfleet_api_resource_pending_reconciliation";
const STUCK: &str = "hyperfleet_api_resource_pending_reconciliation_stuck";
const STUCK_DURATION: &str = "hyperfleet_api_resource_pending_reconciliation_stuck_duration_seconds";

/// Registers every metric of this crate with the value 0: a rate or an alert needs a first value to start from.
pub fn register() {
    crate::db::register();
    crate::change::register();
    crate::resource::page_indexes::register();
    for kind in Kind::ALL {
        for is_delete in [false, true] {
            started(kind, is_delete).increment(0);
            publish(kind, is_delete, None, DateTime::UNIX_EPOCH);
        }
    }
}

fn started(kind: Kind, is_delete: bool) -> Counter {
    counter!(STARTED, "resource_type" => kind.as_str(), "is_delete" => is_delete.to_string())
}

/// Counts resources whose reconciliation started: the kind of each, and whether it is finalizing.
pub(crate) fn count_started(resources: &[(Kind, bool)]) {
    for (kind, is_delete) in resources {
        started(*kind, *is_delete).increment(1);
    }
}

/// Sets the gauges of a kind to their values at `now`.
pub(crate) fn publish(kind: Kind, is_delete: bool, row: Option<&UnreconciledRow>, now: DateTime<Utc>) {
    // The Go service writes this label in lower case in these metrics, and as the kind in the counter.
    let labels = [("resource_type", kind.as_str().to_lowercase()), ("is_delete", is_delete.to_string())];
    let stuck = row.filter(|row| row.stuck > 0);
    let since = stuck.and_then(|row| row.since);
    let seconds = since.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0));
    gauge!(PENDING, &labels).set(row.map_or(0, |row| row.pending) as f64);
    gauge!(STUCK, &labels).set(stuck.map_or(0, |row| row.stuck) as f64);
    gauge!(STUCK_DURATION, &labels).set(seconds);
}
