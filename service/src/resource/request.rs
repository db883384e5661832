//! The requests and results of operations.

use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::model::{Resource, ResourceChange, Target};
use crate::name::{Labels, ResourceName};
use crate::status::classify::DiscardReason;
use crate::status::report::Report;
use entity::adapter_status;
use serde_json::Value;
use uuid::Uuid;

/// A resource to create.
#[derive(Clone, Debug)]
pub struct Create {
    /// The kind of the resource.
    pub kind: Kind,
    /// The cluster of a node pool.
    pub owner: Option<Uuid>,
    /// The name, unique among the resources of the same kind and owner that are not marked for deletion.
    pub name: ResourceName,
    /// The desired state, an object.
    pub spec: Value,
    /// The labels.
    pub labels: Labels,
    /// The caller that creates the resource.
    pub caller: String,
}

/// The result of a create request.
#[derive(Debug)]
pub enum Created {
    /// The resource was created by this request.
    New(Box<Applied>),
    /// The resource was created by an earlier request with the same idempotency key, whose stored answer this is.
    Repeated(String),
}

/// A change of the desired state and the labels of a resource.
#[derive(Clone, Debug)]
pub enum Patch {
    /// Replaces each section that is given.
    Replace {
        /// The complete new desired state, an object.
        spec: Option<Value>,
        /// The complete new labels.
        labels: Option<Labels>,
    },
    /// A JSON merge patch (RFC 7396) of `{spec, labels}`, without other members.
    Merge(Value),
}

/// The precondition of a write on the version of the resource (`If-Match`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IfMatch {
    /// No precondition, or any version: `*` holds for every resource that exists.
    #[default]
    Any,
    /// One of these revisions.
    Revisions(Vec<i64>),
}

impl IfMatch {
    /// Fails unless the resource has a version that the caller named.
    pub(super) fn check(&self, resource: &Resource) -> Result<()> {
        match self {
            IfMatch::Revisions(revisions) if !revisions.contains(&resource.revision) => {
                Err(Error::PreconditionFailed { current: resource.etag() })
            }
            _ => Ok(()),
        }
    }
}

/// A resource after a write, and everything that the write changed.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The current state of the resource, or its last state if it was removed.
    pub resource: Resource,
    /// The changes of the resource, and the changes of other resources that resulted.
    pub changes: Vec<ResourceChange>,
}

impl Applied {
    /// Creates the result for a resource that had this generation before (0 if it is new), if no other resource
    /// changed.
    pub(super) fn of(resource: Resource, generation_before: i64) -> Self {
        Self { changes: vec![ResourceChange::of(&resource, generation_before, false)], resource }
    }
}

/// A request to change a resource, with the precondition on its version.
#[derive(Debug)]
pub(crate) struct PatchRequest {
    pub(crate) target: Target,
    pub(crate) if_match: IfMatch,
    pub(crate) patch: Patch,
    pub(crate) caller: String,
}

/// A report and the resource it is about.
#[derive(Clone, Debug)]
pub(crate) struct ReportRequest {
    pub(crate) target: Target,
    pub(crate) report: Report,
}

/// The result of a report.
#[derive(Debug)]
pub enum Outcome {
    /// The report was stored.
    Stored {
        /// The report as it is stored.
        report: Box<adapter_status::Model>,
        /// The changes of the resource, and of its cluster if that waited for nothing else.
        changes: Vec<ResourceChange>,
    },
    /// The report was not stored.
    Discarded(DiscardReason),
}

/// The result of a request in a batch; `None` if the request must be handled alone, for a reason that must not affect
/// the other requests.
pub(crate) type BatchResult<A> = Option<Result<A>>;
