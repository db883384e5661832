//! The expected response to a request.

use serde_json::Value;
use uuid::Uuid;

pub(crate) const VALIDATION: &str = "HYPERFLEET-VAL-000";
pub(crate) const EMPTY_PATCH: &str = "HYPERFLEET-VAL-005";
pub(crate) const NO_SUCH_RESOURCE: &str = "HYPERFLEET-NTF-001";
pub(crate) const NAME_TAKEN: &str = "HYPERFLEET-CNF-001";
pub(crate) const STATE_FORBIDS: &str = "HYPERFLEET-CNF-003";

/// The expected response, and the resources that the request removes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expected {
    /// The HTTP status code.
    pub(crate) status: u16,
    /// The `code` of the problem, if the response is one.
    pub(crate) code: Option<&'static str>,
    /// The value of the header `HyperFleet-Discard-Reason`, if a report is discarded.
    pub(crate) discard: Option<&'static str>,
    /// The resource (complete), or the deterministic part of the stored report.
    pub(crate) body: Option<Value>,
    /// The id that the problem must name, if the name is already in use.
    pub(crate) conflict_with: Option<Uuid>,
    /// The resources that the request removes, in order of removal.
    pub(crate) vanished: Vec<Uuid>,
}

impl Expected {
    /// Returns a response with a body.
    pub(crate) fn found(status: u16, body: Value) -> Self {
        Self { body: Some(body), ..Self::bare(status) }
    }

    /// Returns 204 without a discard reason: the request was carried out.
    pub(crate) fn done() -> Self {
        Self::bare(204)
    }

    /// Returns 204 for a report that is not stored.
    pub(crate) fn discarded(reason: &'static str) -> Self {
        Self { discard: Some(reason), ..Self::bare(204) }
    }

    /// Returns a problem.
    pub(crate) fn refused(status: u16, code: &'static str) -> Self {
        Self { code: Some(code), ..Self::bare(status) }
    }

    /// Returns 404: no resource has this id.
    pub(crate) fn not_found() -> Self {
        Self::refused(404, NO_SUCH_RESOURCE)
    }

    /// Returns 409: `holder` already has the name.
    pub(crate) fn name_taken(holder: Uuid) -> Self {
        Self { conflict_with: Some(holder), ..Self::refused(409, NAME_TAKEN) }
    }

    /// Returns the same response with the resources that the request removes.
    pub(crate) fn removing(self, vanished: Vec<Uuid>) -> Self {
        Self { vanished, ..self }
    }

    fn bare(status: u16) -> Self {
        Self { status, code: None, discard: None, body: None, conflict_with: None, vanished: Vec::new() }
    }
}
