//! A request with all its values, to be sent to the service and applied to the model.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Expected;
use super::report::Report;
use super::state::Model;

/// A request to the service.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    /// The path relative to the base path.
    pub(crate) path: String,
    pub(crate) operation: Operation,
}

/// The operation that a request performs.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    CreateCluster { body: Value },
    CreateNodePool { parent: Uuid, body: Value },
    Patch { id: Uuid, body: Value },
    Delete { id: Uuid },
    Report { id: Uuid, report: Report },
    ForceDelete { id: Uuid, reason: String },
}

impl Request {
    /// Returns the JSON body to send, if the operation has one.
    pub(crate) fn body(&self) -> Option<Value> {
        match &self.operation {
            Operation::CreateCluster { body }
            | Operation::CreateNodePool { body, .. }
            | Operation::Patch { body, .. } => Some(body.clone()),
            Operation::Delete { .. } => None,
            Operation::Report { report, .. } => Some(report.to_json()),
            Operation::ForceDelete { reason, .. } => Some(json!({ "reason": reason })),
        }
    }
}

impl Model {
    /// Applies a request. `chosen` is the id in the service's response to a create, or nil if there is none.
    pub(crate) fn apply(&mut self, now: DateTime<Utc>, request: &Request, chosen: Uuid) -> Expected {
        match &request.operation {
            Operation::CreateCluster { body } => self.create_cluster(now, chosen, body),
            Operation::CreateNodePool { parent, body } => self.create_node_pool(now, *parent, chosen, body),
            Operation::Patch { id, body } => self.patch(now, *id, body),
            Operation::Delete { id } => self.delete(now, *id),
            Operation::Report { id, report } => self.report(now, *id, report),
            Operation::ForceDelete { id, reason } => self.force_delete(*id, reason),
        }
    }
}
