//! Whether a report is stored, and if not, why: a pure function of values.

use super::condition::ConditionStatus;
use super::report::Report;
use super::stored::ReportState;
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use strum::{IntoStaticStr, VariantArray};

/// Why a report was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum DiscardReason {
    /// It is about a generation that the resource has not reached.
    FutureGeneration,
    /// The adapter has reported a later generation already.
    OlderGeneration,
    /// The adapter has reported a later observation of the same generation already.
    OlderReport,
    /// The adapter cannot tell what it could tell before.
    UnknownAvailability,
}

impl DiscardReason {
    /// All of them.
    pub const ALL: &[Self] = Self::VARIANTS;
}

/// What to do with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Discard(DiscardReason),
    /// Store it.
    Store {
        /// Whether to aggregate as well: the report tells whether the resource is available.
        aggregate: bool,
    },
}

/// Decides on `report`, which was observed at `observed_time`. `existing` is what the same adapter reported last;
/// `mandatory` names the conditions that every report must carry.
pub fn classify(
    generation: i64,
    existing: Option<&ReportState>,
    report: &Report,
    observed_time: DateTime<Utc>,
    mandatory: &[String],
) -> Result<Verdict> {
    if report.observed_generation > generation {
        return Ok(Verdict::Discard(DiscardReason::FutureGeneration));
    }
    if let Some(existing) = existing {
        if report.observed_generation < existing.observed_generation {
            return Ok(Verdict::Discard(DiscardReason::OlderGeneration));
        }
        if report.observed_generation == existing.observed_generation
            && observed_time < existing.last_report_time
        {
            return Ok(Verdict::Discard(DiscardReason::OlderReport));
        }
    }
    let missing = mandatory.iter().filter(|name| !report.conditions.iter().any(|c| c.r#type == **name));
    let missing: Vec<String> = missing.map(|name| format!("'{name}'")).collect();
    if !missing.is_empty() {
        let conditions = if missing.len() == 1 { "condition" } else { "conditions" };
        let message = format!(
            "missing mandatory {conditions} {}; every report must carry {}",
            missing.join(", "),
            mandatory.join(", ")
        );
        return Err(Error::invalid("conditions", message, "required"));
    }
    Ok(match (report.available(), existing) {
        (ConditionStatus::Unknown, Some(_)) => Verdict::Discard(DiscardReason::UnknownAvailability),
        (ConditionStatus::Unknown, None) => Verdict::Store { aggregate: false },
        _ => Verdict::Store { aggregate: true },
    })
}
