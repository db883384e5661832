//! What the service keeps: clusters and node pools, as one type.

use crate::error::{Error, Result};
use crate::kind::{Kind, PerKind};
use crate::status::aggregate::{self, Subject, Trigger};
use crate::status::stored::ReportState;
use crate::status::summary::StoredStatus;
use chrono::{DateTime, Utc};
use entity::JsonText;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A cluster or a node pool, as its row holds it.
///
/// The log of changes keeps it as JSON, also over an upgrade: a field that is added needs a serde default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// Which of the two.
    pub kind: Kind,
    /// Its id.
    pub id: Uuid,
    /// The cluster of a node pool.
    pub owner_id: Option<Uuid>,
    /// Its name.
    pub name: String,
    /// Counts the versions of the desired state.
    pub generation: i64,
    /// Counts the visible changes.
    pub revision: i64,
    /// The desired state.
    pub spec: JsonText,
    /// Its labels, one object.
    pub labels: JsonText,
    /// The aggregated status.
    pub status: StoredStatus,
    /// When it was created.
    pub created_time: DateTime<Utc>,
    /// When its desired state last changed or its deletion was requested.
    pub updated_time: DateTime<Utc>,
    /// When its deletion was requested.
    pub deleted_time: Option<DateTime<Utc>>,
    /// Who created it.
    pub created_by: String,
    /// Who last changed its desired state.
    pub updated_by: String,
    /// Who requested its deletion.
    pub deleted_by: Option<String>,
}

/// The resource that a path names.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: Uuid,
    /// The cluster a node pool must belong to, if the path names one.
    pub owner: Option<Uuid>,
}

/// What a write did to one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceChange {
    /// The kind of the resource.
    pub kind: Kind,
    /// Its id.
    pub id: Uuid,
    /// The generation it had before; 0 if it was created.
    pub generation_before: i64,
    /// The generation it has now, or had last.
    pub generation_after: i64,
    /// Whether it was removed.
    pub removed: bool,
}

impl ResourceChange {
    /// A resource became what it is, or was removed as it last was.
    pub(crate) fn of(resource: &Resource, generation_before: i64, removed: bool) -> Self {
        let Resource { kind, id, generation: generation_after, .. } = *resource;
        Self { kind, id, generation_before, generation_after, removed }
    }
}

impl Target {
    /// Whether the path names this resource.
    pub(crate) fn matches(&self, found: &Resource) -> bool {
        self.kind == found.kind && (self.owner.is_none() || found.owner_id == self.owner)
    }

    pub(crate) fn not_found(&self) -> Error {
        Error::NotFound { kind: self.kind.as_str(), id: self.id.to_string() }
    }
}

impl Resource {
    /// Whether its deletion was requested.
    pub fn is_finalizing(&self) -> bool {
        self.deleted_time.is_some()
    }

    /// Its path.
    pub fn href(&self) -> String {
        self.kind.href(self.id, self.owner_id)
    }

    /// Its entity tag: a strong one, quotes included.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.revision)
    }

    /// Marks it for deletion: a new version of the desired state, which is not to exist.
    pub(crate) fn mark_deleted(&mut self, now: DateTime<Utc>, by: &str) {
        // The clocks of replicas differ; a resource is never deleted before it was created.
        let now = now.max(self.updated_time);
        self.deleted_time = Some(now);
        self.deleted_by = Some(by.to_owned());
        self.updated_time = now;
        self.generation += 1;
        self.revision += 1;
    }

    /// Aggregates its status anew from all reports about it, which are ordered by adapter.
    pub(crate) fn aggregate(
        &mut self,
        required: &PerKind<Vec<String>>,
        reports: &[ReportState],
        has_children: bool,
        trigger: Trigger,
    ) -> Result<()> {
        let previous = self.status.aggregate()?;
        let subject = Subject {
            generation: self.generation,
            created_time: self.created_time,
            reference_time: self.updated_time,
            finalizing: self.is_finalizing(),
            has_children,
            required: &required[self.kind],
            previous: Some(&previous),
        };
        self.status = StoredStatus::of(&aggregate::aggregate(&subject, reports, trigger), reports)?;
        Ok(())
    }
}

/// The resource is being deleted, which forbids the operation.
pub(crate) fn finalizing(kind: Kind, id: Uuid) -> Error {
    Error::Conflict(format!("{kind} '{id}' is marked for deletion"))
}
