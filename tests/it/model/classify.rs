//! The decision whether a report is stored, discarded or refused.

use chrono::{DateTime, Utc};

use super::report::{Report, StoredReport, availability};

/// The outcome for a well-formed report.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The report is not stored, for this reason.
    Discard(&'static str),
    /// The report is refused because a mandatory condition is missing.
    Incomplete,
    /// The report is stored, but the aggregate does not change.
    Store,
    /// The report is stored, and the aggregate is recomputed.
    StoreAndAggregate,
}

/// Classifies a report about a resource at `generation`, where `earlier` is the adapter's stored report. The order of
/// the checks matters: an outdated report is discarded even if it is incomplete.
pub(crate) fn classify(
    generation: i64,
    earlier: Option<&StoredReport>,
    report: &Report,
    observed: DateTime<Utc>,
    mandatory: &[String],
) -> Verdict {
    if report.observed_generation > generation {
        return Verdict::Discard("future_generation");
    }
    if earlier.is_some_and(|earlier| report.observed_generation < earlier.observed_generation) {
        return Verdict::Discard("older_generation");
    }
    let is_older = |earlier: &StoredReport| {
        report.observed_generation == earlier.observed_generation && observed < earlier.last_report_time
    };
    if earlier.is_some_and(is_older) {
        return Verdict::Discard("older_report");
    }
    let carries = |kind: &String| report.conditions.iter().any(|condition| condition.kind == *kind);
    if !mandatory.iter().all(carries) {
        return Verdict::Incomplete;
    }
    let conditions: Vec<_> = report.conditions.iter().collect();
    match (availability(&conditions), earlier) {
        ("Unknown", Some(_)) => Verdict::Discard("unknown_availability"),
        ("Unknown", None) => Verdict::Store,
        _ => Verdict::StoreAndAggregate,
    }
}
