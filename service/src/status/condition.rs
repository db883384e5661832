use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};
use strum::{AsRefStr, EnumString};

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It cannot be determined.
    Unknown,
}

impl ConditionStatus {
    /// True or False.
    pub fn from_bool(holds: bool) -> Self {
        if holds { ConditionStatus::True } else { ConditionStatus::False }
    }
}

/// The state of a resource as one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsRefStr, EnumString)]
pub enum Phase {
    /// Not every required adapter has reported Available=True at the current generation.
    NotReady,
    /// All required adapters have.
    Ready,
    /// A required adapter reports a failure at the current generation.
    Failed,
}

/// An aggregated condition of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Its type: `Reconciled`, `LastKnownReconciled`, `<Adapter>Successful`.
    pub r#type: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// The reason as one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reason for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The generation it is about.
    pub observed_generation: i64,
    /// When it first appeared.
    #[serde(serialize_with = "micros")]
    pub created_time: DateTime<Utc>,
    /// When the oldest report behind it was observed.
    #[serde(serialize_with = "micros")]
    pub last_updated_time: DateTime<Utc>,
    /// When its status last changed.
    #[serde(serialize_with = "micros")]
    pub last_transition_time: DateTime<Utc>,
}

/// Prints a time with exactly six digits of a second, so that such times compare as texts.
pub(crate) fn micros<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
}
