//! The stored resources: clusters and node pools, as one type.

use crate::error::{Error, Result};
use crate::kind::{Kind, PerKind};
use crate::status::aggregate::{self, Subject, Trigger};
use crate::status::report_state::ReportState;
use crate::status::stored_status::StoredStatus;
use chrono::{DateTime, Utc};
use entity::JsonText;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A cluster or a node pool, as stored in its row.
///
/// The log of changes stores it as JSON, including across upgrades: a new field needs a serde default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// The kind: cluster or node pool.
    pub kind: Kind,
    /// The id.
    pub id: Uuid,
    /// The cluster of a node pool.
    pub owner_id: Option<Uuid>,
    /// The name.
    pub name: String,
    /// Counts the versions of the desired state.
    pub generation: i64,
    /// Counts the visible changes.
    pub revision: i64,
    /// The desired state.
    pub spec: JsonText,
    /// The labels, one JSON object.
    pub labels: JsonText,
    /// The aggregated status.
    pub status: StoredStatus,
    /// When the resource was created.
    pub created_time: DateTime<Utc>,
    /// When the desired state last changed or the deletion was requested.
    pub updated_time: DateTime<Utc>,
    /// When the deletion was requested.
    pub deleted_time: Option<DateTime<Utc>>,
    /// The caller that created the resource.
    pub created_by: String,
    /// The caller that last changed the desired state.
    pub updated_by: String,
    /// The caller that requested the deletion.
    pub deleted_by: Option<String>,
}

/// The resource that a path names.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The kind of the resource.
    pub kind: Kind,
    /// The id of the resource.
    pub id: Uuid,
    /// The cluster that the node pool must belong to, if the path names one.
    pub owner: Option<Uuid>,
}

/// The effect of a write on one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceChange {
    /// The kind of the resource.
    pub kind: Kind,
    /// The id of the resource.
    pub id: Uuid,
    /// The generation before the write; 0 if the resource was created.
    pub generation_before: i64,
    /// The generation after the write, or the last one if the resource was removed.
    pub generation_after: i64,
    /// Whether the resource was removed.
    pub removed: bool,
}

impl ResourceChange {
    /// Creates the record of a change that led to this state of the resource, or that removed it in this state.
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
    /// Whether the resource is marked for deletion.
    pub fn is_finalizing(&self) -> bool {
        self.deleted_time.is_some()
    }

    /// Returns the path of the resource.
    pub fn href(&self) -> String {
        self.kind.href(self.id, self.owner_id)
    }

    /// Returns the entity tag: a strong one, including the quotes.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.revision)
    }

    /// Whether nothing but the status and the revision differs, so that the documents, which may be large, need not be
    /// written. All fields are named, so that adding a field is a compile error until it is decided which group it belongs
    /// to.
    pub(crate) fn differs_only_in_status(&self, after: &Self) -> bool {
        let Self {
            kind: _,
            id: _,
            owner_id: _,
            name: _,
            created_time: _,
            created_by: _,
            revision: _,
            status: _,
            generation,
            spec,
            labels,
            updated_time,
            deleted_time,
            updated_by,
            deleted_by,
        } = self;
        (*generation, *updated_time, *deleted_time)
            == (after.generation, after.updated_time, after.deleted_time)
            && (updated_by, deleted_by) == (&after.updated_by, &after.deleted_by)
            && (spec, labels) == (&after.spec, &after.labels)
    }

    /// Marks the resource for deletion. This is a new version of the desired state: that the resource does not
    /// exist.
    pub(crate) fn mark_deleted(&mut self, now: DateTime<Utc>, by: &str) {
        // Replicas' clocks differ. A resource must not be deleted before it was created.
        let now = now.max(self.updated_time);
        self.deleted_time = Some(now);
        self.deleted_by = Some(by.to_owned());
        self.updated_time = now;
        self.generation += 1;
        self.revision += 1;
    }

    /// Recomputes the status from all reports about the resource, which are ordered by adapter.
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

/// Returns the error of an operation that is refused because the resource is finalizing.
pub(crate) fn finalizing(kind: Kind, id: Uuid) -> Error {
    Error::Conflict(format!("{kind} '{id}' is marked for deletion"))
}
