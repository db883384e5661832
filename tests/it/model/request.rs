//! A request with all its values, to be sent and to be applied to the model.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Expected;
use super::report::Report;
use super::state::Model;

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    /// Relative to the base path.
    pub(crate) path: String,
    pub(crate) operation: Operation,
}

/// What is meant by it.
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
    /// The JSON to send, if the operation has a body.
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
    /// Carries the request out. `chosen` is the id in the service's answer to a create, nil where there is none.
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
