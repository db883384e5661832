//! Reports as stored.

use super::condition::{ConditionStatus, micros};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A condition of a report as it is stored and returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCondition {
    /// The type of the condition.
    pub r#type: String,
    /// Whether the condition holds.
    pub status: ConditionStatus,
    /// The reason as one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reason as a human-readable message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The adapter that the condition comes from.
    pub adapter: String,
    /// The generation that the condition is about.
    pub observed_generation: i64,
    /// When the condition first appeared.
    #[serde(serialize_with = "micros")]
    pub created_at: DateTime<Utc>,
    /// When the condition was last observed.
    #[serde(serialize_with = "micros")]
    pub updated_at: DateTime<Utc>,
    /// When the status last changed.
    #[serde(serialize_with = "micros")]
    pub last_transition_time: DateTime<Utc>,
}

/// The part of a report that determines the status: everything except the documents that are only stored.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportState {
    /// The reporting adapter.
    pub adapter: String,
    /// The generation that the adapter has observed.
    pub observed_generation: i64,
    /// The conditions.
    pub conditions: Vec<StoredCondition>,
    /// When the adapter's first report was observed.
    pub created_time: DateTime<Utc>,
    /// When this report was observed.
    pub last_report_time: DateTime<Utc>,
}

/// Whether a condition of this type counts for availability if the report has neither `Available` nor `Ready`.
fn affects_availability(r#type: &str) -> bool {
    !matches!(r#type, "Progressing" | "Finalized")
}

/// Whether a report with these conditions calls its resource available.
pub(super) fn availability<'a>(
    conditions: impl Iterator<Item = (&'a str, ConditionStatus)> + Clone,
) -> ConditionStatus {
    let named = |name| conditions.clone().find(|(r#type, _)| *r#type == name).map(|(_, status)| status);
    let all_hold = || {
        let mut rest = conditions.clone().filter(|(name, _)| affects_availability(name));
        let first = rest.next();
        let all = first.is_some_and(|(_, s)| s == ConditionStatus::True)
            && rest.all(|(_, status)| status == ConditionStatus::True);
        ConditionStatus::from_bool(all)
    };
    named("Available").or_else(|| named("Ready")).unwrap_or_else(all_hold)
}

impl ReportState {
    pub(super) fn condition(&self, name: &str) -> Option<&StoredCondition> {
        self.conditions.iter().find(|condition| condition.r#type == name)
    }

    fn holds(&self, name: &str) -> bool {
        self.condition(name).is_some_and(|condition| condition.status == ConditionStatus::True)
    }

    /// Whether the report calls the resource available.
    pub fn availability(&self) -> ConditionStatus {
        availability(self.conditions.iter().map(|c| (c.r#type.as_str(), c.status)))
    }

    /// Whether the report states that the adapter has cleaned up everything of the resource.
    pub fn finalized(&self) -> bool {
        self.holds("Finalized")
    }

    /// Whether the report states a failure.
    pub fn failed(&self) -> bool {
        self.holds("Failed") || self.health() == ConditionStatus::False
    }

    pub(super) fn health(&self) -> ConditionStatus {
        self.condition("Health").map_or(ConditionStatus::Unknown, |condition| condition.status)
    }

    /// Returns the condition that states a failure. Call it only for a report that [failed](Self::failed): it
    /// returns `Health` if `Failed` is not True.
    pub(super) fn failure(&self) -> Option<&StoredCondition> {
        let failed = self.condition("Failed").filter(|condition| condition.status == ConditionStatus::True);
        failed.or_else(|| self.condition("Health"))
    }

    /// Returns the condition that makes the resource unavailable, if one exists: `Available`, else `Ready`, else
    /// the first that counts and is not True.
    pub(super) fn unavailability(&self) -> Option<&StoredCondition> {
        let named = self.condition("Available").or_else(|| self.condition("Ready"));
        named.or_else(|| {
            let mut conditions =
                self.conditions.iter().filter(|condition| affects_availability(&condition.r#type));
            conditions.find(|condition| condition.status != ConditionStatus::True)
        })
    }

    /// Returns reason and message of the condition that states whether the resource is available: `Available`, else
    /// `Ready`.
    pub(super) fn availability_reason(&self) -> (Option<String>, Option<String>) {
        let deciding = self.condition("Available").or_else(|| self.condition("Ready"));
        deciding.map_or((None, None), |condition| (condition.reason.clone(), condition.message.clone()))
    }
}
