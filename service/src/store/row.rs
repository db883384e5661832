//! Between a row and a [`Resource`]. Every column is named, so that a new one does not compile until it is decided
//! what it means.

use crate::kind::Kind;
use crate::resource::Resource;
use crate::status::summary::StoredStatus;
use entity::{cluster, node_pool};

/// Evaluates an expression in which `$entity` is the entity of a kind. The one place that tells the two apart.
macro_rules! with_entity {
    ($kind:expr, $entity:ident => $body:expr) => {
        match $kind {
            $crate::kind::Kind::Cluster => {
                use entity::cluster as $entity;
                $body
            }
            $crate::kind::Kind::NodePool => {
                use entity::node_pool as $entity;
                $body
            }
        }
    };
}
pub(super) use with_entity;

/// Both ways between the rows of an entity and resources of a kind: columns that are fields of a resource by the same
/// name, and columns that are fields of its status.
macro_rules! rows {
    ($entity:ident, $kind:expr, owner: [$($owner:ident)?], same: [$($same:ident),*], status: [$($column:ident: $field:ident),*]) => {
        impl From<$entity::Model> for Resource {
            fn from(row: $entity::Model) -> Self {
                let $entity::Model { $($owner,)? $($same,)* $($column,)* reconciled_bucket: _ } = row;
                let status = StoredStatus { $($field: $column),* };
                Self { kind: $kind, owner_id: None $(.or(Some($owner)))?, status, $($same),* }
            }
        }

        impl From<Resource> for $entity::Model {
            fn from(resource: Resource) -> Self {
                let reconciled_bucket = resource.status.reconciled_bucket();
                let Resource { kind: _, owner_id: _owner, status, $($same),* } = resource;
                let StoredStatus { $($field: $column),* } = status;
                $(let $owner = _owner.unwrap_or_default();)?
                Self { $($owner,)? $($same,)* $($column,)* reconciled_bucket }
            }
        }
    };
    ($entity:ident, $kind:expr $(, $owner:ident)?) => {
        rows!(
            $entity, $kind, owner: [$($owner)?],
            same: [id, name, generation, revision, spec, labels, created_time, updated_time, deleted_time, created_by,
                updated_by, deleted_by],
            status: [phase: phase, observed_generation: observed_generation, status_updated_time: updated_time,
                status_transition_time: transition_time, conditions: conditions, adapters: adapters,
                reconciled: reconciled, reconciled_updated_time: reconciled_updated_time,
                reconciled_since: reconciled_since]
        );
    };
}

rows!(cluster, Kind::Cluster);
rows!(node_pool, Kind::NodePool, owner_id);
