//! What the operations take and answer.

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
    /// Its kind.
    pub kind: Kind,
    /// The cluster of a node pool.
    pub owner: Option<Uuid>,
    /// Its name, unique among the resources of its kind and owner that are not marked for deletion.
    pub name: ResourceName,
    /// Its desired state, an object.
    pub spec: Value,
    /// Its labels.
    pub labels: Labels,
    /// Who creates it.
    pub caller: String,
}

/// The outcome of a create.
#[derive(Debug)]
pub enum Created {
    /// It was created now.
    New(Box<Applied>),
    /// A request with the same idempotency key created it before: the answer to that one, as it was stored.
    Repeated(String),
}

/// A change of the desired state and the labels of a resource.
#[derive(Clone, Debug)]
pub enum Patch {
    /// Each section that is given replaces the one there is.
    Replace {
        /// The whole new desired state, an object.
        spec: Option<Value>,
        /// All the new labels.
        labels: Option<Labels>,
    },
    /// A JSON merge patch (RFC 7396) of `{spec, labels}`, which names nothing else.
    Merge(Value),
}

/// The version of a resource that a write is based on (`If-Match`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IfMatch {
    /// Whatever version there is.
    #[default]
    Absent,
    /// Any version, as long as the resource exists.
    Any,
    /// One of these revisions.
    Revisions(Vec<i64>),
}

impl IfMatch {
    /// Fails unless the resource is at a version that the caller named.
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
    /// The resource as it is now, or as it last was.
    pub resource: Resource,
    /// What became of it, and of others because of it.
    pub changes: Vec<ResourceChange>,
}

impl Applied {
    /// A resource that had this generation, or 0 if it is new, and nothing else was changed.
    pub(super) fn of(resource: Resource, generation_before: i64) -> Self {
        Self { changes: vec![ResourceChange::of(&resource, generation_before, false)], resource }
    }
}

/// A change of a resource, and the version of it that it is based on.
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

/// The outcome of a report.
#[derive(Debug)]
pub enum Outcome {
    /// It was stored.
    Stored {
        /// The report as it is stored.
        report: Box<adapter_status::Model>,
        /// What became of the resource, and of its cluster if that waited for nothing else.
        changes: Vec<ResourceChange>,
    },
    /// It was not stored.
    Discarded(DiscardReason),
}

/// What became of a request in a batch; `None` if it has to be handled by itself, for a reason that must not concern the
/// others.
pub(crate) type Handled<A> = Option<Result<A>>;
