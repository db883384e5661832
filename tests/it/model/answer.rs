//! What a request must be answered with.

use serde_json::Value;
use uuid::Uuid;

pub(crate) const VALIDATION: &str = "HYPERFLEET-VAL-000";
pub(crate) const EMPTY_PATCH: &str = "HYPERFLEET-VAL-005";
pub(crate) const NO_SUCH_RESOURCE: &str = "HYPERFLEET-NTF-001";
pub(crate) const NAME_TAKEN: &str = "HYPERFLEET-CNF-001";
pub(crate) const STATE_FORBIDS: &str = "HYPERFLEET-CNF-003";

/// The answer that the service owes, and what it removes on the way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expected {
    /// HTTP status.
    pub(crate) status: u16,
    /// `code` of the problem, where the answer is one.
    pub(crate) code: Option<&'static str>,
    /// Value of the header `HyperFleet-Discard-Reason`, where a report is discarded.
    pub(crate) discard: Option<&'static str>,
    /// The resource (complete) or the stored report (its determined part).
    pub(crate) body: Option<Value>,
    /// The id that the problem must name, where a name is taken.
    pub(crate) conflict_with: Option<Uuid>,
    /// Resources that no longer exist afterwards, in the order of their going.
    pub(crate) vanished: Vec<Uuid>,
}

impl Expected {
    /// An answer with a body.
    pub(crate) fn found(status: u16, body: Value) -> Self {
        Self { body: Some(body), ..Self::bare(status) }
    }

    /// 204 without a reason: the order was carried out.
    pub(crate) fn done() -> Self {
        Self::bare(204)
    }

    /// 204 for a report that is not stored.
    pub(crate) fn discarded(reason: &'static str) -> Self {
        Self { discard: Some(reason), ..Self::bare(204) }
    }

    /// A problem.
    pub(crate) fn refused(status: u16, code: &'static str) -> Self {
        Self { code: Some(code), ..Self::bare(status) }
    }

    /// 404: nothing has this id.
    pub(crate) fn not_found() -> Self {
        Self::refused(404, NO_SUCH_RESOURCE)
    }

    /// 409: `holder` has the name already.
    pub(crate) fn name_taken(holder: Uuid) -> Self {
        Self { conflict_with: Some(holder), ..Self::refused(409, NAME_TAKEN) }
    }

    /// The same answer, with the resources that it removes.
    pub(crate) fn removing(self, vanished: Vec<Uuid>) -> Self {
        Self { vanished, ..self }
    }

    fn bare(status: u16) -> Self {
        Self { status, code: None, discard: None, body: None, conflict_with: None, vanished: Vec::new() }
    }
}
