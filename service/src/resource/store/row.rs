//! Between a row and a [`Resource`]. Every column is named on the way, so that a new one does not compile until
//! it is decided what it means.

use super::RECONCILED_SPAN;
use crate::Kind;
use crate::resource::{Resource, StoredStatus};
use entity::{cluster, node_pool};

/// The span of `reconciled_bucket` that a status falls into.
fn reconciled_bucket(status: &StoredStatus) -> i64 {
    status.reconciled_updated_time.timestamp().div_euclid(RECONCILED_SPAN)
}

/// Both ways between the rows of an entity and resources of a kind. The two entities are alike but for the
/// column of the owner, which is named if there is one.
macro_rules! rows {
    ($entity:ident, $kind:expr $(, $owner:ident)?) => {
        impl From<$entity::Model> for Resource {
            fn from(row: $entity::Model) -> Self {
                let $entity::Model {
                    id,
                    $($owner,)?
                    name,
                    generation,
                    revision,
                    spec,
                    labels,
                    phase,
                    observed_generation,
                    status_updated_time,
                    status_transition_time,
                    conditions,
                    adapters,
                    reconciled,
                    reconciled_updated_time,
                    reconciled_bucket: _,
                    created_time,
                    updated_time,
                    deleted_time,
                    created_by,
                    updated_by,
                    deleted_by,
                } = row;
                let status = StoredStatus {
                    phase,
                    observed_generation,
                    updated_time: status_updated_time,
                    transition_time: status_transition_time,
                    conditions,
                    adapters,
                    reconciled,
                    reconciled_updated_time,
                };
                Self {
                    kind: $kind,
                    id,
                    owner_id: None $(.or(Some($owner)))?,
                    name,
                    generation,
                    revision,
                    spec,
                    labels,
                    status,
                    created_time,
                    updated_time,
                    deleted_time,
                    created_by,
                    updated_by,
                    deleted_by,
                }
            }
        }

        impl From<Resource> for $entity::Model {
            fn from(resource: Resource) -> Self {
                let reconciled_bucket = reconciled_bucket(&resource.status);
                let Resource {
                    kind: _,
                    id,
                    owner_id: _owner,
                    name,
                    generation,
                    revision,
                    spec,
                    labels,
                    status,
                    created_time,
                    updated_time,
                    deleted_time,
                    created_by,
                    updated_by,
                    deleted_by,
                } = resource;
                let StoredStatus {
                    phase,
                    observed_generation,
                    updated_time: status_updated_time,
                    transition_time: status_transition_time,
                    conditions,
                    adapters,
                    reconciled,
                    reconciled_updated_time,
                } = status;
                Self {
                    id,
                    $($owner: _owner.unwrap_or_default(),)?
                    name,
                    generation,
                    revision,
                    spec,
                    labels,
                    phase,
                    observed_generation,
                    status_updated_time,
                    status_transition_time,
                    conditions,
                    adapters,
                    reconciled,
                    reconciled_updated_time,
                    reconciled_bucket,
                    created_time,
                    updated_time,
                    deleted_time,
                    created_by,
                    updated_by,
                    deleted_by,
                }
            }
        }
    };
}

rows!(cluster, Kind::Cluster);
rows!(node_pool, Kind::NodePool, owner_id);
