use super::value::{As, Id, Time};
use poem_openapi::{Enum, Object};
use serde::Serialize;
use service::status::{self, Blocker, Children, StoredCondition};
use uuid::Uuid;

/// What a resource waits for.
#[derive(Debug, Object, Serialize)]
pub struct Explanation {
    /// The state of the resource.
    pub state: As<State, String>,
    /// Since when `state` holds.
    pub since: Time,
    /// What must change before the resource is reconciled, or removed if it is being deleted. Adapters in the configured
    /// order, else by name; node pools last. Empty if it is reconciled, and if no adapter is configured and none has
    /// reported.
    pub blocked_by: Vec<BlockedBy>,
    /// The node pools that the removal of a cluster waits for. None are waited for before its deletion was requested.
    pub children: WaitingChildren,
}

/// The state of a resource.
#[derive(Debug, Enum)]
#[oai(rename = "ExplanationState", rename_all = "snake_case")]
pub enum State {
    /// Its phase is `Ready`.
    Reconciled,
    /// Its phase is `NotReady`.
    Waiting,
    /// Its phase is `Failed`.
    Failed,
    /// Its deletion was requested.
    Finalizing,
}

/// Why something is waited for.
#[derive(Debug, Enum)]
#[oai(rename = "WaitReason", rename_all = "snake_case")]
pub enum Why {
    /// The adapter has not reported yet.
    NeverReported,
    /// The adapter's last report is about an earlier generation.
    OlderGeneration,
    /// The adapter reports that the resource is not available.
    Unavailable,
    /// The adapter reports a failure.
    Failed,
    /// The adapter cannot tell whether the resource is available.
    Unknown,
    /// The adapter has not reported `Finalized`.
    NotFinalized,
    /// Node pools remain.
    Children,
}

/// One thing that a resource waits for.
#[derive(Debug, Object, Serialize)]
pub struct BlockedBy {
    /// The adapter; absent if node pools are waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// Why: `never_reported`, `older_generation` (its last report is about an earlier generation), `unavailable`,
    /// `failed`, `unknown` (it cannot tell whether the resource is available), `not_finalized`, or `children` (node
    /// pools remain).
    pub why: As<Why, String>,
    /// The generation of the adapter's last report; absent if it has not reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The generation that the adapter has to report; absent if it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<i64>,
    /// The type of the reported condition that decides. Absent if the report has no such condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The reason of that condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The message of that condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Since when it is waited for.
    pub since: Time,
    /// When the adapter's last report was observed; absent if it has not reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_report_time: Option<Time>,
}

/// Node pools that are waited for.
#[derive(Debug, Object, Serialize)]
pub struct WaitingChildren {
    /// How many there are.
    #[oai(validator(minimum(value = "0")))]
    pub waiting: i64,
    /// The ids of at most ten of them, the oldest first.
    pub sample: Vec<As<Id, Uuid>>,
}

impl From<status::Explanation> for Explanation {
    fn from(explanation: status::Explanation) -> Self {
        let status::Explanation { state, since, blocked_by, children: Children { waiting, sample } } =
            explanation;
        Self {
            state: state.as_ref().to_owned().into(),
            since: since.into(),
            blocked_by: blocked_by.into_iter().map(BlockedBy::from).collect(),
            children: WaitingChildren { waiting, sample: sample.into_iter().map(As::from).collect() },
        }
    }
}

impl From<Blocker> for BlockedBy {
    fn from(blocker: Blocker) -> Self {
        let Blocker { adapter, why, observed_generation, wanted, condition, since, last_report_time } =
            blocker;
        let (condition, reason, message) = match condition {
            Some(StoredCondition { r#type, reason, message, .. }) => (Some(r#type), reason, message),
            None => (None, None, None),
        };
        Self {
            adapter,
            why: why.as_ref().to_owned().into(),
            observed_generation,
            wanted,
            condition,
            reason,
            message,
            since: since.into(),
            last_report_time: last_report_time.map(Time::from),
        }
    }
}
