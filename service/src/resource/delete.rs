//! Deletes resources, with their children.

use super::removal;
use super::request::{Applied, IfMatch};
use crate::context::{Committed, Context};
use crate::error::{Error, Result};
use crate::model::{Resource, ResourceChange, Target};
use crate::status::aggregate::Trigger;
use crate::store::save::save;
use crate::store::write::{Tx, Write};
use crate::store::{reports, resources};
use chrono::{DateTime, Utc};

/// Requests the deletion of a resource and of its node pools. Resources that no adapter has to clean up are removed
/// immediately.
///
/// # Errors
/// [`Error::NotFound`] and [`Error::PreconditionFailed`].
pub async fn delete(context: &Context, target: &Target, if_match: &IfMatch, caller: &str) -> Result<Applied> {
    let work = |tx: Tx| async move {
        let parent = resources::lock_cluster_of(&tx, target).await?;
        let before = resources::lock_target(&tx, target).await?;
        if_match.check(&before)?;
        let mut after = before.clone();
        if before.is_finalizing() {
            // This writes nothing. It records the request for the audit.
            save(&tx, vec![Write::Update { before, after: after.clone(), by: caller.to_owned() }]).await?;
            return Ok(after);
        }
        let now = tx.now();
        after.mark_deleted(now, caller);
        let (below, has_children) = cascade(context, &tx, target, now, caller).await?;
        let required = &context.settings.required;
        let reports = reports::of_resource(&tx, after.id).await?;
        after.aggregate(required, &reports, has_children, Trigger::Change)?;
        let mut writes = Vec::new();
        if removal::is_due(required, &after, &reports, has_children) {
            writes.push(Write::Remove { before, last: after.clone(), by: caller.to_owned() });
            writes.extend(removal::of_cluster(&tx, required, parent, &after, caller).await?);
        } else {
            writes.push(Write::Update { before, after: after.clone(), by: caller.to_owned() });
        }
        writes.extend(below);
        save(&tx, writes).await?;
        Ok(after)
    };
    let _pass = context.enter_cluster(target).await?;
    let Committed { value: resource, changes } = context.write(work).await?;
    Ok(Applied { resource, changes })
}

/// Returns the writes for the node pools of a cluster that is being marked for deletion, and whether any node pool
/// remains. Uses a bounded number of statements, regardless of the number of node pools.
async fn cascade(
    context: &Context,
    tx: &Tx,
    target: &Target,
    now: DateTime<Utc>,
    caller: &str,
) -> Result<(Vec<Write>, bool)> {
    let children = children(tx, target).await?;
    if children.is_empty() {
        return Ok((Vec::new(), false));
    }
    let mut all_reports = reports::of_children(tx, target.id).await?;
    let (mut writes, mut any_remains) = (Vec::new(), false);
    for before in children {
        if before.is_finalizing() {
            any_remains = true;
            continue;
        }
        let reports = all_reports.remove(&before.id).unwrap_or_default();
        let required = &context.settings.required;
        let mut after = before.clone();
        after.mark_deleted(now, caller);
        if removal::is_due(required, &after, &reports, false) {
            writes.push(Write::Remove { before, last: after, by: caller.to_owned() });
        } else {
            after.aggregate(required, &reports, false, Trigger::Change)?;
            writes.push(Write::Update { before, after, by: caller.to_owned() });
            any_remains = true;
        }
    }
    Ok((writes, any_remains))
}

/// Returns the children of a resource, locked.
async fn children(tx: &Tx, target: &Target) -> Result<Vec<Resource>> {
    match target.kind.parent() {
        None => resources::lock_children(tx, target.id).await,
        Some(_) => Ok(Vec::new()),
    }
}

/// Removes a resource that is marked for deletion, and its node pools, without waiting for the adapters. Returns the
/// removals.
///
/// # Errors
/// [`Error::NotFound`], [`Error::PreconditionFailed`], and [`Error::Conflict`] unless it is marked for deletion.
pub async fn force_delete(
    context: &Context,
    target: &Target,
    if_match: &IfMatch,
    caller: &str,
) -> Result<Vec<ResourceChange>> {
    let work = |tx: Tx| async move {
        let parent = resources::lock_cluster_of(&tx, target).await?;
        let resource = resources::lock_target(&tx, target).await?;
        if_match.check(&resource)?;
        if !resource.is_finalizing() {
            return Err(Error::Conflict(format!(
                "{} '{}' is not in Finalizing state: it is not marked for deletion; DELETE it first",
                target.kind, target.id
            )));
        }
        let required = &context.settings.required;
        let parent = removal::of_cluster(&tx, required, parent, &resource, caller).await?;
        let children = children(&tx, target).await?;
        let removed = std::iter::once(resource).chain(children);
        let by = || caller.to_owned();
        let removed =
            removed.map(|resource| Write::Remove { before: resource.clone(), last: resource, by: by() });
        save(&tx, removed.chain(parent).collect()).await?;
        Ok(())
    };
    let _pass = context.enter_cluster(target).await?;
    Ok(context.write(work).await?.changes)
}
