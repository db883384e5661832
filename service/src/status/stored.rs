//! Reports as they are stored.

use super::condition::{ConditionStatus, micros};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A condition of a report as it is stored and returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCondition {
    /// Its type.
    pub r#type: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// The reason as one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reason for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The adapter it comes from.
    pub adapter: String,
    /// The generation it is about.
    pub observed_generation: i64,
    /// When it first appeared.
    #[serde(serialize_with = "micros")]
    pub created_at: DateTime<Utc>,
    /// When it was last observed.
    #[serde(serialize_with = "micros")]
    pub updated_at: DateTime<Utc>,
    /// When its status last changed.
    #[serde(serialize_with = "micros")]
    pub last_transition_time: DateTime<Utc>,
}

/// The part of a report that decides: everything but the documents that are only kept.
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

/// Whether a condition of this type counts where neither `Available` nor `Ready` tells whether a resource is available.
fn counts(r#type: &str) -> bool {
    !matches!(r#type, "Progressing" | "Finalized")
}

/// Whether a report with these conditions calls its resource available.
pub(super) fn available<'a>(
    conditions: impl Iterator<Item = (&'a str, ConditionStatus)> + Clone,
) -> ConditionStatus {
    let named = |name| conditions.clone().find(|(r#type, _)| *r#type == name).map(|(_, status)| status);
    let all_hold = || {
        let mut rest = conditions.clone().filter(|(name, _)| counts(name));
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

    /// Whether it calls the resource available.
    pub fn available(&self) -> ConditionStatus {
        available(self.conditions.iter().map(|c| (c.r#type.as_str(), c.status)))
    }

    /// Whether it tells that the adapter has cleaned up everything of the resource.
    pub fn finalized(&self) -> bool {
        self.holds("Finalized")
    }

    /// Whether it tells of a failure.
    pub fn failed(&self) -> bool {
        self.holds("Failed") || self.health() == ConditionStatus::False
    }

    pub(super) fn health(&self) -> ConditionStatus {
        self.condition("Health").map_or(ConditionStatus::Unknown, |condition| condition.status)
    }

    /// The condition that tells of a failure, if one does.
    pub(super) fn failure(&self) -> Option<&StoredCondition> {
        let failed = self.condition("Failed").filter(|condition| condition.status == ConditionStatus::True);
        failed.or_else(|| self.condition("Health"))
    }

    /// The condition because of which the resource is not available, if one is there: `Available`, else `Ready`, else
    /// the first that counts and is not True.
    pub(super) fn unavailability(&self) -> Option<&StoredCondition> {
        let named = self.condition("Available").or_else(|| self.condition("Ready"));
        named.or_else(|| {
            let mut conditions = self.conditions.iter().filter(|condition| counts(&condition.r#type));
            conditions.find(|condition| condition.status != ConditionStatus::True)
        })
    }

    /// Reason and message of the condition that tells whether the resource is available, if one condition does.
    pub(super) fn availability_reason(&self) -> (Option<String>, Option<String>) {
        let deciding = self.condition("Available").or_else(|| self.condition("Ready"));
        deciding.map_or((None, None), |condition| (condition.reason.clone(), condition.message.clone()))
    }
}
