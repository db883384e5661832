//! When and how a resource that is being deleted goes.
//!
//! It goes when every counted adapter has reported `Finalized` at its generation and no node pool is left.
//! A node pool that goes may have been the last its cluster waited for, so the cluster is locked before
//! the node pool, as always.

use super::{Effect, Resource, store};
use crate::status::{self, StoredReport};
use crate::{Error, Kind, Result, Scope};
use uuid::Uuid;

/// Locks the cluster of a node pool; nothing for a cluster.
pub(crate) async fn lock_parent(scope: &Scope<'_>, kind: Kind, id: Uuid) -> Result<Option<Resource>> {
    if kind == Kind::Cluster {
        return Ok(None);
    }
    // The owner never changes, so it can be read before anything is locked.
    match store::find(scope.tx, kind, id).await?.and_then(|resource| resource.owner_id) {
        Some(owner) => store::lock(scope.tx, Kind::Cluster, owner).await,
        None => Ok(None),
    }
}

/// Locks a resource, which must belong to `owner` if one is named.
pub(crate) async fn lock_owned(
    scope: &Scope<'_>,
    kind: Kind,
    id: Uuid,
    owner: Option<Uuid>,
) -> Result<Resource> {
    let resource = store::lock(scope.tx, kind, id).await?;
    resource
        .filter(|resource| owner.is_none() || resource.owner_id == owner)
        .ok_or_else(|| Error::NotFound { kind, id: id.to_string() })
}

/// Whether nothing holds a finalizing resource any longer.
pub(crate) fn is_due(
    scope: &Scope<'_>,
    resource: &Resource,
    reports: &[StoredReport],
    has_children: bool,
) -> bool {
    let done =
        |report: &StoredReport| report.observed_generation == resource.generation && report.finalized();
    let all_done = match scope.required(resource.kind) {
        [] => reports.iter().all(done),
        required => {
            required.iter().all(|name| reports.iter().any(|report| report.adapter == *name && done(report)))
        }
    };
    resource.is_finalizing() && !has_children && all_done
}

/// Removes a resource that is due and had this generation before, and the parent that waited for nothing else.
/// Answers what went.
pub(crate) async fn remove(
    scope: &Scope<'_>,
    resource: &Resource,
    generation_before: i64,
    parent: Option<Resource>,
) -> Result<Vec<Effect>> {
    store::remove(scope.tx, resource.kind, &[resource.id]).await?;
    let mut removed = vec![Effect::removal(resource, generation_before)];
    if let Some(parent) = parent.filter(Resource::is_finalizing) {
        let has_children = store::has_children(scope.tx, parent.id).await?;
        let reports = status::of_resource(scope.tx, parent.id).await?;
        if is_due(scope, &parent, &reports, has_children) {
            store::remove(scope.tx, parent.kind, &[parent.id]).await?;
            removed.push(Effect::removal(&parent, parent.generation));
        }
    }
    Ok(removed)
}
