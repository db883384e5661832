//! The conditions and the phase of a resource.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};
use strum::{AsRefStr, EnumString, VariantNames};

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
pub enum ConditionStatus {
    /// The condition holds.
    True,
    /// The condition does not hold.
    False,
    /// It cannot be determined whether the condition holds.
    Unknown,
}

impl ConditionStatus {
    /// Returns `True` or `False`.
    pub fn from_bool(holds: bool) -> Self {
        if holds { ConditionStatus::True } else { ConditionStatus::False }
    }
}

/// The state of a resource as one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsRefStr, EnumString, VariantNames)]
pub enum Phase {
    /// Not every required adapter has reported Available=True at the current generation.
    NotReady,
    /// All required adapters have reported Available=True at the current generation.
    Ready,
    /// A required adapter reports a failure at the current generation.
    Failed,
}

/// An aggregated condition of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The type: `Reconciled`, `LastKnownReconciled`, `<Adapter>Successful`.
    pub r#type: String,
    /// Whether the condition holds.
    pub status: ConditionStatus,
    /// The reason as one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reason as a human-readable message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The generation that the condition is about.
    pub observed_generation: i64,
    /// When the condition first appeared.
    #[serde(serialize_with = "micros")]
    pub created_time: DateTime<Utc>,
    /// When the oldest report behind the condition was observed.
    #[serde(serialize_with = "micros")]
    pub last_updated_time: DateTime<Utc>,
    /// When the status last changed.
    #[serde(serialize_with = "micros")]
    pub last_transition_time: DateTime<Utc>,
}

/// Serializes a time with exactly six fractional digits of the second, so that such times compare as text.
pub(crate) fn micros<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
}
