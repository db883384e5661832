use crate::{Kind, Resource};
use chrono::{DateTime, Utc};
use metrics::{counter, gauge};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

const STARTED: &str = "hyperfleet_api_reconciliation_started_total";

/// Makes the metrics of the fleet exist.
pub(super) fn register() {
    for kind in [Kind::Cluster, Kind::NodePool] {
        for is_delete in [false, true] {
            started(kind, is_delete).increment(0);
            publish(&Unreconciled::none(kind, is_delete), DateTime::UNIX_EPOCH);
        }
    }
}

fn started(kind: Kind, is_delete: bool) -> metrics::Counter {
    counter!(STARTED, "resource_type" => kind.as_str(), "is_delete" => word(is_delete))
}

fn word(holds: bool) -> &'static str {
    if holds { "true" } else { "false" }
}

/// The resources that a write made wait for reconciliation, kept until the write is committed: what is
/// undone has not started.
#[derive(Debug, Default)]
pub(crate) struct Started(Mutex<BTreeMap<Uuid, (Kind, bool)>>);

impl Started {
    /// Notes `resource` if it waits now and did not before.
    pub(crate) fn note(&self, resource: &Resource, reconciled_before: bool) {
        if reconciled_before && !resource.status.reconciled {
            let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            noted.insert(resource.id, (resource.kind, resource.is_finalizing()));
        }
    }

    /// Counts what was noted; for when it is committed.
    pub(crate) fn count(&self) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, is_delete) in std::mem::take(&mut *noted).into_values() {
            started(kind, is_delete).increment(1);
        }
    }
}

/// How many resources of a kind wait for reconciliation.
#[derive(Clone, Debug, PartialEq)]
pub struct Unreconciled {
    /// The kind.
    pub kind: Kind,
    /// Those that are being deleted, or those that are not.
    pub is_delete: bool,
    /// All of them.
    pub pending: i64,
    /// Those that have waited for longer than the threshold.
    pub stuck: i64,
    /// Since when the one that is stuck for longest has waited; `None` if none is.
    pub stuck_since: Option<DateTime<Utc>>,
}

impl Unreconciled {
    pub(super) fn none(kind: Kind, is_delete: bool) -> Self {
        Self { kind, is_delete, pending: 0, stuck: 0, stuck_since: None }
    }

    /// Adds one that waits since `since`, and is stuck if that was before `stuck_before`.
    pub(super) fn add(&mut self, since: DateTime<Utc>, stuck_before: DateTime<Utc>) {
        self.pending += 1;
        if since < stuck_before {
            self.stuck += 1;
            self.stuck_since = Some(self.stuck_since.map_or(since, |earliest| earliest.min(since)));
        }
    }
}

/// Sets the gauges, as they are at `now`.
pub fn publish(count: &Unreconciled, now: DateTime<Utc>) {
    let Unreconciled { kind, is_delete, pending, stuck, stuck_since } = count;
    let labels =
        [("resource_type", kind.as_str().to_lowercase()), ("is_delete", word(*is_delete).to_owned())];
    let seconds = stuck_since.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0));
    gauge!("hyperfleet_api_resource_pending_reconciliation", &labels).set(*pending as f64);
    gauge!("hyperfleet_api_resource_pending_reconciliation_stuck", &labels).set(*stuck as f64);
    gauge!("hyperfleet_api_resource_pending_reconciliation_stuck_duration_seconds", &labels).set(seconds);
}
