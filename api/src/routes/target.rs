//! The clusters and node pools that paths identify.

use crate::dto::Id;
use crate::problem::ApiResult;
use service::error::shortened;
use service::kind::Kind;
use service::model::Target;
use uuid::Uuid;

/// Returns the cluster that a path identifies.
pub(super) fn cluster(id: &Id) -> ApiResult<Target> {
    Ok(Target { kind: Kind::Cluster, id: parse_id(Kind::Cluster, id)?, owner: None })
}

/// Returns the node pool that a path identifies, in any cluster.
pub(super) fn node_pool(id: &Id) -> ApiResult<Target> {
    Ok(Target { kind: Kind::NodePool, id: parse_id(Kind::NodePool, id)?, owner: None })
}

/// Returns the node pool that a path identifies, in this cluster.
pub(super) fn node_pool_of(cluster: &Id, id: &Id) -> ApiResult<Target> {
    let owner = Some(parse_id(Kind::Cluster, cluster)?);
    Ok(Target { owner, ..node_pool(id)? })
}

/// Parses an id. An id that is not a UUID is reported as not found.
pub(super) fn parse_id(kind: Kind, id: &Id) -> ApiResult<Uuid> {
    let not_found = || {
        let id = shortened(id.as_str());
        service::Error::NotFound { kind: kind.as_str(), id }
    };
    Ok(id.uuid().ok_or_else(not_found)?)
}
