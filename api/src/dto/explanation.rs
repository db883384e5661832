use super::value::{As, Id, Time};
use poem_openapi::{Enum, Object};
use serde::Serialize;
use service::status::{self, Blocker, Children, StoredCondition};
use uuid::Uuid;

/// The adapters and node pools that a resource is waiting for.
#[derive(Debug, Object, Serialize)]
pub struct Explanation {
    /// The state of the resource.
    pub state: As<State, String>,
    /// The time since which the resource has been in `state`.
    pub since: Time,
    /// The blockers: what must change before the resource is reconciled or, if it is being deleted, removed.
    /// Adapters are listed in the configured order or else by name, node pools last. Empty if the resource is
    /// reconciled, or if no adapter is configured and none has reported.
    pub blocked_by: Vec<BlockedBy>,
    /// The node pools that block the removal of a cluster. Empty until its deletion is requested.
    pub children: WaitingChildren,
}

/// The state of a resource.
#[derive(Debug, Enum)]
#[oai(rename = "ExplanationState", rename_all = "snake_case")]
pub enum State {
    /// The phase is `Ready`.
    Reconciled,
    /// The phase is `NotReady`.
    Waiting,
    /// The phase is `Failed`.
    Failed,
    /// The deletion was requested.
    Finalizing,
}

/// The reason why a resource is waiting.
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
    /// The adapter reports an unknown availability.
    Unknown,
    /// The adapter has not reported `Finalized`.
    NotFinalized,
    /// Node pools remain.
    Children,
}

/// An adapter, or the node pools, that a resource is waiting for.
#[derive(Debug, Object, Serialize)]
pub struct BlockedBy {
    /// The name of the adapter. Absent if the resource is waiting for node pools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// The reason: `never_reported`, `older_generation` (the last report is about an earlier generation),
    /// `unavailable`, `failed`, `unknown` (the adapter cannot determine whether the resource is available),
    /// `not_finalized`, or `children` (node pools remain).
    pub why: As<Why, String>,
    /// The generation of the adapter's last report. Absent if it has not reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The generation that the adapter must report. Absent if it has already reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<i64>,
    /// The type of the reported condition that caused the wait. Absent if the report has no such condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The reason of that condition. Absent if there is no such condition or it has no reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The message of that condition. Absent if there is no such condition or it has no message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The time since which the resource has been waiting.
    pub since: Time,
    /// The time at which the adapter's last report was observed. Absent if it has not reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_report_time: Option<Time>,
}

/// The node pools that a cluster is waiting for.
#[derive(Debug, Object, Serialize)]
pub struct WaitingChildren {
    /// The number of node pools.
    #[oai(validator(minimum(value = "0")))]
    pub waiting: i64,
    /// The IDs of at most ten of the node pools, the oldest first.
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
