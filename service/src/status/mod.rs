//! The reports of adapters, and the status that is aggregated from them: pure functions of values.

pub(crate) mod aggregate;
pub(crate) mod classify;
pub(crate) mod condition;
pub(crate) mod explain;
pub(crate) mod report;
pub(crate) mod report_state;
pub(crate) mod stored_status;

pub use aggregate::{Aggregate, Subject, Trigger, aggregate};
pub use classify::{DiscardReason, Verdict, classify};
pub use condition::{Condition, ConditionStatus, Phase};
pub use explain::{Blocker, Children, Explanation, State, Why};
pub use report::{Report, ReportedCondition};
pub use report_state::{ReportState, StoredCondition};
pub use stored_status::StoredStatus;
