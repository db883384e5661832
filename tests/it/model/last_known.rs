//! `LastKnownReconciled`: the last state on which all counted adapters agreed.

use chrono::{DateTime, Utc};

use super::aggregate::{Derived, Facts, Snapshot};

/// The outcome of one case, from which the other fields of the condition follow.
struct Decision {
    is_true: bool,
    reason: Reason,
    generation: i64,
    last_updated_time: DateTime<Utc>,
}

#[derive(Clone, Copy)]
enum Reason {
    Reconciled,
    MissingReports,
    NotAvailable,
    NotAtSameGeneration,
}

/// Returns the condition that follows `previous`.
pub(crate) fn last_known_reconciled(facts: &Facts<'_>, previous: Option<&Derived>) -> Derived {
    let decision = decide(facts, previous);
    let (reason, message) = decision.reason.texts();
    let kept = previous.filter(|previous| previous.is_true == decision.is_true);
    Derived {
        kind: "LastKnownReconciled".to_owned(),
        is_true: decision.is_true,
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        observed_generation: decision.generation,
        created_time: previous.map_or(facts.ref_time, |previous| previous.created_time),
        last_updated_time: decision.last_updated_time,
        last_transition_time: kept.map_or(decision.last_updated_time, |kept| kept.last_transition_time),
    }
}

fn decide(facts: &Facts<'_>, previous: Option<&Derived>) -> Decision {
    let snapshots = facts.snapshots();
    let latest = snapshots.iter().map(|snapshot| snapshot.generation).max();
    let before = previous.map_or(facts.ref_time, |previous| previous.last_updated_time);
    let untrue = |reason, generation, last_updated_time| Decision {
        is_true: false,
        reason,
        generation,
        last_updated_time,
    };
    if facts.counted.is_empty() {
        return untrue(Reason::MissingReports, 1, facts.ref_time);
    }
    if snapshots.len() < facts.counted.len() {
        let generation = latest.or(previous.map(|previous| previous.observed_generation)).unwrap_or(1);
        let time = time_of_failure(&snapshots, generation).unwrap_or(before);
        return untrue(Reason::MissingReports, generation, time);
    }
    let latest = latest.unwrap_or(1);
    let held = previous.filter(|previous| previous.is_true);
    let agreed = snapshots.iter().all(|snapshot| snapshot.generation == latest);
    if snapshots.iter().all(|snapshot| snapshot.available) {
        match held {
            _ if agreed => Decision {
                is_true: true,
                reason: Reason::Reconciled,
                generation: latest,
                last_updated_time: snapshots.iter().map(|snapshot| snapshot.time).min().unwrap_or(before),
            },
            Some(held) => unchanged(held),
            None => untrue(Reason::NotAtSameGeneration, latest, before),
        }
    } else {
        match held {
            // The failure is at a different generation from the last one known to be reconciled.
            Some(held) if time_of_failure(&snapshots, held.observed_generation).is_none() => unchanged(held),
            _ => {
                let time = time_of_failure(&snapshots, latest).unwrap_or(before);
                untrue(Reason::NotAvailable, latest, time)
            }
        }
    }
}

fn unchanged(held: &Derived) -> Decision {
    Decision {
        is_true: true,
        reason: Reason::Reconciled,
        generation: held.observed_generation,
        last_updated_time: held.last_updated_time,
    }
}

/// Returns the oldest time of all adapters at `generation`, if one of them is not available.
fn time_of_failure(snapshots: &[Snapshot<'_>], generation: i64) -> Option<DateTime<Utc>> {
    let at_it = snapshots.iter().filter(|snapshot| snapshot.generation == generation);
    let failed = at_it.clone().any(|snapshot| !snapshot.available);
    at_it.map(|snapshot| snapshot.time).min().filter(|_| failed)
}

impl Reason {
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Reconciled => (
                "AllAdaptersReconciled",
                "All required adapters report Available=True for the tracked generation",
            ),
            Self::MissingReports => {
                ("AdaptersMissingReports", "Required adapters have not yet reported status")
            }
            Self::NotAvailable => {
                ("AdapterReportedNotAvailable", "One or more required adapters report Available=False")
            }
            Self::NotAtSameGeneration => (
                "AdaptersNotAtSameGeneration",
                "Required adapters do not report a consistent Available state",
            ),
        }
    }
}
