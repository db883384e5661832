//! Conversion between a row and a [`Resource`]. All columns are named, so that adding a column is a compile error
//! until its meaning is decided.

use super::listed::{Listed, keys, length};
use crate::error::Result;
use crate::kind::Kind;
use crate::list::cursor::SortKey;
use crate::list::order::Term;
use crate::model::Resource;
use crate::status::stored_status::StoredStatus;
use entity::{cluster, node_pool};
use sea_orm::{EntityTrait, QueryResult};

/// Evaluates an expression in which `$entity` is the entity of a kind. Code for children names `node_pool` directly
/// (`resources.rs`, `reports.rs`).
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

/// An entity that stores the status of a resource.
pub(super) trait StatusColumns: EntityTrait {
    /// The columns that a write changes if nothing but the status of the resource differs.
    fn status_columns() -> Vec<Self::Column>;
}

/// Implements the conversions between the rows of an entity and resources of a kind. `same` lists the columns that are
/// fields of a resource with the same name, `status` the columns that are fields of its status.
///
/// Lists read each column by its index, which is that of its variant: looking it up by name took as long as reading
/// it.
macro_rules! rows {
    (
        $entity:ident, $kind:expr, owner: [$($owner:ident $Owner:ident)?], same: [$($same:ident $Same:ident),*],
        status: [$($column:ident $Column:ident: $field:ident),*]
    ) => {
        impl From<Resource> for $entity::Model {
            fn from(resource: Resource) -> Self {
                let reconciled_bucket = resource.status.reconciled_bucket();
                let Resource { kind: _, owner_id: _owner, status, $($same),* } = resource;
                let StoredStatus { $($field: $column),* } = status;
                $(let $owner = _owner.unwrap_or_default();)?
                Self { $($owner,)? $($same,)* $($column,)* reconciled_bucket }
            }
        }

        impl StatusColumns for $entity::Entity {
            fn status_columns() -> Vec<$entity::Column> {
                use $entity::Column;
                vec![Column::Revision, Column::ReconciledBucket, $(Column::$Column),*]
            }
        }

        impl Listed for $entity::Entity {
            type Item = Resource;

            fn read(row: &QueryResult) -> Result<Resource> {
                let owner_id = None $(.or(Some(row.try_get_by_index($entity::Column::$Owner as usize)?)))?;
                let status = StoredStatus { $($field: row.try_get_by_index($entity::Column::$Column as usize)?),* };
                $(let $same = row.try_get_by_index($entity::Column::$Same as usize)?;)*
                Ok(Resource { kind: $kind, owner_id, status, $($same),* })
            }

            fn documents(item: &Resource) -> usize {
                length([&item.spec, &item.labels, &item.status.conditions, &item.status.adapters])
            }

            fn keys(item: &Resource, order: &[Term]) -> Vec<SortKey> {
                keys::<Self>(&item.clone().into(), order)
            }
        }
    };
    ($entity:ident, $kind:expr $(, $owner:ident $Owner:ident)?) => {
        rows!(
            $entity, $kind, owner: [$($owner $Owner)?],
            same: [id Id, name Name, generation Generation, revision Revision, spec Spec, labels Labels,
                created_time CreatedTime, updated_time UpdatedTime, deleted_time DeletedTime, created_by CreatedBy,
                updated_by UpdatedBy, deleted_by DeletedBy],
            status: [phase Phase: phase, observed_generation ObservedGeneration: observed_generation,
                status_updated_time StatusUpdatedTime: updated_time,
                status_transition_time StatusTransitionTime: transition_time, conditions Conditions: conditions,
                adapters Adapters: adapters, reconciled Reconciled: reconciled,
                reconciled_updated_time ReconciledUpdatedTime: reconciled_updated_time,
                reconciled_since ReconciledSince: reconciled_since]
        );
    };
}

rows!(cluster, Kind::Cluster);
rows!(node_pool, Kind::NodePool, owner_id OwnerId);
