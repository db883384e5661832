//! Clusters and node pools: one file per thing that can be done with them.

mod create;
mod delete;
mod patch;
mod precondition;
mod read;
pub(crate) mod removal;
pub(crate) mod store;

pub use create::Create;
pub use delete::{Delete, ForceDelete};
pub use patch::{Change, Patch};
pub use precondition::IfMatch;
pub use read::{get, target};

use crate::Kind;
use crate::status::Aggregate;
use chrono::{DateTime, Utc};
use entity::JsonText;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A cluster or a node pool, as its row holds it. Its own serialization is what is kept to repeat an answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
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

/// The aggregated status as the row holds it: what is searched in columns, the rest as documents.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredStatus {
    /// `NotReady`, `Ready` or `Failed`.
    pub phase: String,
    /// Lowest generation over the counted adapters' reports.
    pub observed_generation: i64,
    /// Oldest of the counted adapters' last reports.
    pub updated_time: DateTime<Utc>,
    /// When `phase` last changed.
    pub transition_time: DateTime<Utc>,
    /// The conditions, an array.
    pub conditions: JsonText,
    /// One entry per adapter that reported, an array.
    pub adapters: JsonText,
    /// Whether `Reconciled` is True.
    pub reconciled: bool,
    /// `last_updated_time` of `Reconciled`.
    pub reconciled_updated_time: DateTime<Utc>,
}

/// A resource after a change, and all that the change did.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The resource as it is now.
    pub resource: Resource,
    /// What became of it, and of others because of it.
    pub effects: Vec<Effect>,
}

/// What a change did to one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The kind of the resource.
    pub kind: Kind,
    /// Which one.
    pub id: Uuid,
    /// The generation it had before; 0 if it was not there.
    pub generation_before: i64,
    /// The generation it has now, or had last.
    pub generation_after: i64,
    /// Whether it is gone.
    pub removed: bool,
}

impl Effect {
    /// On a resource that had this generation before.
    pub(crate) fn on(resource: &Resource, generation_before: i64) -> Self {
        let Resource { kind, id, generation, .. } = *resource;
        Self { kind, id, generation_before, generation_after: generation, removed: false }
    }

    /// The removal of a resource that had this generation before.
    pub(crate) fn removal(resource: &Resource, generation_before: i64) -> Self {
        Self { removed: true, ..Self::on(resource, generation_before) }
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

    /// The aggregate it was last given.
    pub(crate) fn aggregate(&self) -> crate::Result<Aggregate> {
        Ok(Aggregate {
            phase: self.status.phase.parse()?,
            observed_generation: self.status.observed_generation,
            updated_time: self.status.updated_time,
            transition_time: self.status.transition_time,
            conditions: self.status.conditions.read()?,
        })
    }

    /// Marks it for deletion: a new version of the desired state, which is not to exist.
    fn mark_deleted(&mut self, now: DateTime<Utc>, by: &str) {
        self.deleted_time = Some(now);
        self.deleted_by = Some(by.to_owned());
        self.updated_time = now;
        self.generation += 1;
        self.revision += 1;
    }
}
