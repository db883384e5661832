//! Whether a report is stored, discarded or refused.

use chrono::{DateTime, Utc};

use super::report::{Report, StoredReport, availability};

/// What becomes of a report without fault in itself.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Not stored, for this reason.
    Discard(&'static str),
    /// Refused: a mandatory condition is missing.
    Incomplete,
    /// Stored, but the aggregate stays as it is.
    Store,
    /// Stored, and the aggregate is worked out anew.
    StoreAndAggregate,
}

/// Judges a report about a resource at `generation`, of whose adapter `earlier` is stored. The order matters:
/// what is out of date is discarded even where it is incomplete.
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
