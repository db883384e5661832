//! `Reconciled`: every counted adapter has finished its work at the current generation.

use chrono::{DateTime, Utc};

use super::aggregate::{Derived, Facts, Snapshot};

/// Returns the condition that follows `previous`.
pub(crate) fn reconciled(facts: &Facts<'_>, previous: Option<&Derived>) -> Derived {
    let snapshots = facts.snapshots();
    let is_met = |snapshot: &&Snapshot<'_>| {
        let done = if facts.deleting { snapshot.finalized } else { snapshot.available };
        snapshot.generation == facts.generation && done
    };
    let met: Vec<&str> = snapshots.iter().filter(is_met).map(|snapshot| snapshot.adapter).collect();
    let unmet: Vec<&str> =
        facts.counted.iter().map(String::as_str).filter(|name| !met.contains(name)).collect();
    let all_met = !facts.counted.is_empty() && unmet.is_empty();
    let is_true = all_met && !(facts.deleting && facts.has_children);
    let current = snapshots.iter().filter(|snapshot| snapshot.generation == facts.generation);
    let last_updated_time = current.map(|snapshot| snapshot.time).min().unwrap_or(facts.ref_time);
    let (reason, message) = if is_true {
        ("ReconciledAll", ALL.to_owned())
    } else if all_met {
        ("ReconciledWaitingForChildren", WAITING.to_owned())
    } else {
        ("ReconciledMissingAdapters", missing(facts.deleting, unmet, &snapshots))
    };
    Derived {
        kind: "Reconciled".to_owned(),
        is_true,
        reason: Some(reason.to_owned()),
        message: Some(message),
        observed_generation: facts.generation,
        created_time: previous.map_or(facts.ref_time, |previous| previous.created_time),
        last_updated_time,
        last_transition_time: since(facts, previous, is_true, last_updated_time),
    }
}

const ALL: &str = "All required adapters reported Available=True or Finalized=True at the current generation";
const WAITING: &str = "Deletion in progress. All required adapters reported Finalized=True but child resources \
                       still exist";

fn missing(deleting: bool, unmet: Vec<&str>, snapshots: &[Snapshot<'_>]) -> String {
    let awaited = if deleting { "Finalized" } else { "Available" };
    let reporting = snapshots.iter().map(|snapshot| snapshot.adapter).collect();
    let (unmet, reporting) = (list(unmet), list(reporting));
    format!("Required adapters not reporting {awaited}=True: {unmet}. Currently reporting: {reporting}")
}

fn list(mut names: Vec<&str>) -> String {
    names.sort_unstable();
    format!("[{}]", names.join(", "))
}

fn since(
    facts: &Facts<'_>,
    previous: Option<&Derived>,
    is_true: bool,
    last_updated_time: DateTime<Utc>,
) -> DateTime<Utc> {
    match previous {
        Some(previous) if previous.is_true == is_true => previous.last_transition_time,
        // The cause is a new generation, not a report.
        Some(previous) if previous.is_true && facts.generation > previous.observed_generation => {
            facts.ref_time
        }
        _ => last_updated_time,
    }
}
