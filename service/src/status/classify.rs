//! Decides whether a report is stored, and if not, why: a pure function of values.

use super::condition::ConditionStatus;
use super::report::Report;
use super::report_state::ReportState;
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use strum::{IntoStaticStr, VariantArray};

/// Why a report was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum DiscardReason {
    /// The report is about a generation that the resource has not reached.
    FutureGeneration,
    /// The adapter has already reported a later generation.
    OlderGeneration,
    /// The adapter has already reported a later observation of the same generation.
    OlderReport,
    /// The availability in the report is Unknown, and the adapter has reported before.
    UnknownAvailability,
}

impl DiscardReason {
    /// All reasons.
    pub const ALL: &[Self] = Self::VARIANTS;
}

/// The decision on a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Discards the report.
    Discard(DiscardReason),
    /// Stores the report.
    Store {
        /// Whether to aggregate as well: the report states whether the resource is available.
        aggregate: bool,
    },
}

/// Decides on `report`, which was observed at `observed_time`. `existing` is the last stored report of the same
/// adapter; `mandatory` names the conditions that every report must contain.
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
    Ok(match (report.availability(), existing) {
        (ConditionStatus::Unknown, Some(_)) => Verdict::Discard(DiscardReason::UnknownAvailability),
        (ConditionStatus::Unknown, None) => Verdict::Store { aggregate: false },
        _ => Verdict::Store { aggregate: true },
    })
}
