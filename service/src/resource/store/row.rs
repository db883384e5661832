//! Between a row and a [`Resource`]. Every column is named on the way, so that a new one does not compile until
//! it is decided what it means.

use super::RECONCILED_SPAN;
use crate::Kind;
use crate::resource::{Resource, StoredStatus};
use entity::{cluster, node_pool};

/// The span of `reconciled_bucket` that a status falls into.
pub(super) fn reconciled_bucket(status: &StoredStatus) -> i64 {
    status.reconciled_updated_time.timestamp().div_euclid(RECONCILED_SPAN)
}

impl From<cluster::Model> for Resource {
    fn from(row: cluster::Model) -> Self {
        let cluster::Model {
            id,
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
            created_time,
            updated_time,
            deleted_time,
            created_by,
            updated_by,
            deleted_by,
            reconciled_bucket: _,
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
        Resource {
            kind: Kind::Cluster,
            id,
            owner_id: None,
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

impl From<Resource> for cluster::Model {
    fn from(resource: Resource) -> Self {
        let reconciled_bucket = reconciled_bucket(&resource.status);
        let Resource {
            kind: _,
            id,
            owner_id: _,
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

impl From<node_pool::Model> for Resource {
    fn from(row: node_pool::Model) -> Self {
        let node_pool::Model {
            id,
            owner_id,
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
            created_time,
            updated_time,
            deleted_time,
            created_by,
            updated_by,
            deleted_by,
            reconciled_bucket: _,
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
        Resource {
            kind: Kind::NodePool,
            id,
            owner_id: Some(owner_id),
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

impl From<Resource> for node_pool::Model {
    fn from(resource: Resource) -> Self {
        let reconciled_bucket = reconciled_bucket(&resource.status);
        let Resource {
            kind: _,
            id,
            owner_id,
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
            owner_id: owner_id.unwrap_or_default(),
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
