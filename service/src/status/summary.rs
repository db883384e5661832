//! The aggregated status as it is stored.

use super::aggregate::Aggregate;
use super::condition::{ConditionStatus, Phase, micros};
use super::stored::ReportState;
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use entity::JsonText;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The aggregated status as the row holds it: what is searched in columns, the rest as documents.
///
/// The log of changes keeps it as JSON, also over an upgrade: a field that is added needs a serde default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredStatus {
    /// `NotReady`, `Ready` or `Failed`.
    pub phase: String,
    /// Lowest generation over the required adapters' reports.
    pub observed_generation: i64,
    /// Oldest of the required adapters' last reports.
    pub updated_time: DateTime<Utc>,
    /// When `phase` last changed.
    pub transition_time: DateTime<Utc>,
    /// The conditions, an array.
    pub conditions: JsonText,
    /// One entry per adapter that reported, an array.
    pub adapters: JsonText,
    /// Whether `Reconciled` is True.
    pub reconciled: bool,
    /// `last_updated_time` of `Reconciled`.
    pub reconciled_updated_time: DateTime<Utc>,
    /// `last_transition_time` of `Reconciled`: since when it is True, or waited for. `None` if a version that did not
    /// know it stored the status.
    pub reconciled_since: Option<DateTime<Utc>>,
}

/// Seconds in one span of [`StoredStatus::reconciled_bucket`].
pub(crate) const RECONCILED_SPAN: i64 = 600;

/// One entry of a resource's `status.adapters`; when it is read, what it says, without its time.
#[derive(PartialEq, Serialize, Deserialize)]
struct AdapterSummary<'a> {
    adapter: Cow<'a, str>,
    observed_generation: i64,
    available: ConditionStatus,
    health: ConditionStatus,
    #[serde(serialize_with = "micros", skip_deserializing)]
    last_report_time: DateTime<Utc>,
}

/// What a condition says, without its times.
#[derive(Deserialize, PartialEq)]
struct ConditionContent {
    r#type: String,
    status: ConditionStatus,
    reason: Option<String>,
    message: Option<String>,
    observed_generation: i64,
}

impl StoredStatus {
    /// The aggregate and the reports it was made of, as the row keeps them.
    pub(crate) fn of(aggregate: &Aggregate, reports: &[ReportState]) -> Result<Self> {
        let reconciled = aggregate.reconciled();
        Ok(Self {
            phase: aggregate.phase.as_ref().to_owned(),
            observed_generation: aggregate.observed_generation,
            updated_time: aggregate.updated_time,
            transition_time: aggregate.transition_time,
            conditions: JsonText::of(&aggregate.conditions)?,
            adapters: adapters(reports)?,
            reconciled: reconciled.is_some_and(|condition| condition.status == ConditionStatus::True),
            reconciled_updated_time: reconciled.map_or(aggregate.updated_time, |c| c.last_updated_time),
            reconciled_since: reconciled.map(|condition| condition.last_transition_time),
        })
    }

    /// The span of ten minutes since 1970 that `reconciled_updated_time` is in.
    pub(crate) fn reconciled_bucket(&self) -> i64 {
        self.reconciled_updated_time.timestamp().div_euclid(RECONCILED_SPAN)
    }

    /// Whether there is more to see than newer times, compared with the status before.
    pub(crate) fn differs_in_content(&self, before: &Self) -> bool {
        let summary = |status: &Self| (status.phase.clone(), status.observed_generation, status.reconciled);
        let conditions = |status: &Self| status.conditions.read::<Vec<ConditionContent>>().ok();
        let adapters = |status: &Self| status.adapters.read::<Vec<AdapterSummary<'_>>>().ok();
        summary(self) != summary(before)
            || conditions(self) != conditions(before)
            || adapters(self) != adapters(before)
    }

    /// The phase.
    ///
    /// # Errors
    /// What is stored is none.
    pub(crate) fn phase(&self) -> Result<Phase> {
        self.phase.parse().map_err(|_| Error::Internal(format!("a stored phase is '{}'", self.phase)))
    }

    /// The aggregate it was made of.
    pub(crate) fn aggregate(&self) -> Result<Aggregate> {
        Ok(Aggregate {
            phase: self.phase()?,
            observed_generation: self.observed_generation,
            updated_time: self.updated_time,
            transition_time: self.transition_time,
            conditions: self.conditions.read()?,
        })
    }
}

/// The entries of `status.adapters`.
pub(crate) fn adapters(reports: &[ReportState]) -> Result<JsonText> {
    let entries: Vec<_> = reports
        .iter()
        .map(|report| AdapterSummary {
            adapter: report.adapter.as_str().into(),
            observed_generation: report.observed_generation,
            available: report.available(),
            health: report.health(),
            last_report_time: report.last_report_time,
        })
        .collect();
    Ok(JsonText::of(&entries)?)
}
