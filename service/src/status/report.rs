//! Reports as received.

use super::condition::ConditionStatus;
use super::report_state::{ReportState, StoredCondition, availability};
use crate::name::AdapterName;
use chrono::{DateTime, Utc};
use entity::JsonText;

/// A report of an adapter about a resource.
#[derive(Clone, Debug)]
pub struct Report {
    /// The reporting adapter.
    pub adapter: AdapterName,
    /// The generation that the adapter has observed.
    pub observed_generation: i64,
    /// When the adapter observed it; the time of the server if absent.
    pub observed_time: Option<DateTime<Utc>>,
    /// The conditions. Each type occurs once.
    pub conditions: Vec<ReportedCondition>,
    /// A JSON object that is stored for the adapter.
    pub data: JsonText,
    /// A JSON object with information about the adapter's own run.
    pub metadata: Option<JsonText>,
    /// The version of the adapter's configuration, if reported.
    pub adapter_config_version: Option<String>,
    /// The version of the framework the adapter is built on, if reported.
    pub adapter_framework_version: Option<String>,
}

/// A condition as received.
#[derive(Clone, Debug)]
pub struct ReportedCondition {
    /// The type of the condition.
    pub r#type: String,
    /// Whether the condition holds.
    pub status: ConditionStatus,
    /// The reason as one word.
    pub reason: Option<String>,
    /// The reason as a human-readable message.
    pub message: Option<String>,
    /// The adapter, if the condition names one.
    pub adapter: Option<String>,
    /// The generation, if the condition names one.
    pub observed_generation: Option<i64>,
    /// When the condition first appeared, if reported.
    pub created_at: Option<DateTime<Utc>>,
    /// When the condition was last observed, if reported.
    pub updated_at: Option<DateTime<Utc>>,
}

impl Report {
    /// Whether the report calls the resource available.
    pub fn availability(&self) -> ConditionStatus {
        availability(self.conditions.iter().map(|c| (c.r#type.as_str(), c.status)))
    }

    /// Whether the report states that the adapter has cleaned up everything of the resource.
    pub(crate) fn finalized(&self) -> bool {
        self.conditions.iter().any(|c| c.r#type == "Finalized" && c.status == ConditionStatus::True)
    }

    /// Returns when the report was observed. A time set by the server is never earlier than the adapter's last
    /// report, because the clocks of replicas differ.
    pub(crate) fn observed_at(&self, now: DateTime<Utc>, existing: Option<&ReportState>) -> DateTime<Utc> {
        let server_time = || existing.map_or(now, |existing| existing.last_report_time.max(now));
        self.observed_time.unwrap_or_else(server_time)
    }

    /// Returns the state that replaces `existing`.
    pub(crate) fn state(&self, observed: DateTime<Utc>, existing: Option<&ReportState>) -> ReportState {
        let conditions = self.conditions.iter();
        ReportState {
            adapter: self.adapter.as_str().to_owned(),
            observed_generation: self.observed_generation,
            conditions: conditions.map(|condition| self.condition(condition, observed, existing)).collect(),
            created_time: existing.map_or(observed, |existing| existing.created_time),
            last_report_time: observed,
        }
    }

    fn condition(
        &self,
        condition: &ReportedCondition,
        observed: DateTime<Utc>,
        existing: Option<&ReportState>,
    ) -> StoredCondition {
        let ReportedCondition {
            r#type,
            status,
            reason,
            message,
            adapter,
            observed_generation,
            created_at,
            updated_at,
        } = condition;
        let before = existing.and_then(|report| report.condition(r#type));
        let unchanged = before.filter(|before| before.status == *status);
        StoredCondition {
            r#type: r#type.clone(),
            status: *status,
            reason: reason.clone(),
            message: message.clone(),
            adapter: adapter.clone().unwrap_or_else(|| self.adapter.as_str().to_owned()),
            observed_generation: observed_generation.unwrap_or(self.observed_generation),
            created_at: created_at.or(before.map(|b| b.created_at)).unwrap_or(observed),
            updated_at: updated_at.unwrap_or(observed),
            last_transition_time: unchanged.map_or(observed, |before| before.last_transition_time),
        }
    }
}
