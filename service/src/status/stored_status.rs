//! The aggregated status as stored.

use super::aggregate::Aggregate;
use super::condition::{ConditionStatus, Phase, micros};
use super::report_state::ReportState;
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use entity::JsonText;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The aggregated status as stored in a row: searchable values in columns, the rest as JSON documents.
///
/// The log of changes stores it as JSON across upgrades, so a new field needs a serde default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredStatus {
    /// `NotReady`, `Ready` or `Failed`.
    pub phase: String,
    /// The lowest generation over the required adapters' reports.
    pub observed_generation: i64,
    /// The oldest of the required adapters' last reports.
    pub updated_time: DateTime<Utc>,
    /// When `phase` last changed.
    pub transition_time: DateTime<Utc>,
    /// The conditions, a JSON array.
    pub conditions: JsonText,
    /// One entry per adapter that has reported, a JSON array.
    pub adapters: JsonText,
    /// Whether `Reconciled` is True.
    pub reconciled: bool,
    /// `last_updated_time` of `Reconciled`.
    pub reconciled_updated_time: DateTime<Utc>,
    /// `last_transition_time` of `Reconciled`: the time since which the resource is reconciled or unreconciled.
    /// `None` if the status was stored by a version without this field.
    pub reconciled_since: Option<DateTime<Utc>>,
}

/// The length of one bucket of [`StoredStatus::reconciled_bucket`], in seconds.
const RECONCILED_SPAN: i64 = 600;

/// An entry of `status.adapters`. Deserialization skips the time, so that entries compare by their content.
#[derive(PartialEq, Serialize, Deserialize)]
struct AdapterSummary<'a> {
    adapter: Cow<'a, str>,
    observed_generation: i64,
    available: ConditionStatus,
    health: ConditionStatus,
    #[serde(serialize_with = "micros", skip_deserializing)]
    last_report_time: DateTime<Utc>,
}

/// The content of a condition, without its times.
#[derive(Deserialize, PartialEq)]
struct ConditionContent {
    r#type: String,
    status: ConditionStatus,
    reason: Option<String>,
    message: Option<String>,
    observed_generation: i64,
}

/// Returns the bucket that contains a time.
pub(crate) fn bucket(time: DateTime<Utc>) -> i64 {
    time.timestamp().div_euclid(RECONCILED_SPAN)
}

impl StoredStatus {
    /// Returns the stored form of an aggregate and of the reports behind it.
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

    /// Returns the number of the ten-minute bucket, counted from 1970, that contains `reconciled_updated_time`.
    pub(crate) fn reconciled_bucket(&self) -> i64 {
        bucket(self.reconciled_updated_time)
    }

    /// Whether the status differs from the one before in more than times.
    pub(crate) fn differs_in_content(&self, before: &Self) -> bool {
        let summary = |status: &Self| (status.phase.clone(), status.observed_generation, status.reconciled);
        let conditions = |status: &Self| status.conditions.read::<Vec<ConditionContent>>().ok();
        let adapters = |status: &Self| status.adapters.read::<Vec<AdapterSummary<'_>>>().ok();
        summary(self) != summary(before)
            || conditions(self) != conditions(before)
            || adapters(self) != adapters(before)
    }

    /// Returns the phase.
    ///
    /// # Errors
    /// The stored value is not a phase.
    pub(crate) fn phase(&self) -> Result<Phase> {
        self.phase.parse().map_err(|_| Error::Internal(format!("a stored phase is '{}'", self.phase)))
    }

    /// Returns the aggregate that was stored.
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

/// Returns the entries of `status.adapters`.
pub(crate) fn adapters(reports: &[ReportState]) -> Result<JsonText> {
    let entries: Vec<_> = reports
        .iter()
        .map(|report| AdapterSummary {
            adapter: report.adapter.as_str().into(),
            observed_generation: report.observed_generation,
            available: report.availability(),
            health: report.health(),
            last_report_time: report.last_report_time,
        })
        .collect();
    Ok(JsonText::of(&entries)?)
}
