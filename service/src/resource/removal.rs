//! The conditions for the removal of a resource that is marked for deletion.
//!
//! It is removed when every required adapter has reported `Finalized` at its generation and no node pool remains. A
//! removed node pool may have been the last one that its cluster waited for, so the cluster is locked before the node
//! pool, as in every write.

use crate::error::Result;
use crate::kind::PerKind;
use crate::model::Resource;
use crate::status::report_state::ReportState;
use crate::store::write::{Tx, Write};
use crate::store::{reports, resources};

/// Whether a resource is marked for deletion and nothing blocks its removal.
pub(super) fn is_due(
    required: &PerKind<Vec<String>>,
    resource: &Resource,
    reports: &[ReportState],
    has_children: bool,
) -> bool {
    let done = |report: &ReportState| report.observed_generation == resource.generation && report.finalized();
    let all_done = match &*required[resource.kind] {
        [] => reports.iter().all(done),
        required => {
            required.iter().all(|name| reports.iter().any(|report| report.adapter == *name && done(report)))
        }
    };
    resource.is_finalizing() && !has_children && all_done
}

/// Returns the removal of `parent` after `by` removes `child`, if `parent` waits for nothing else.
pub(super) async fn of_cluster(
    tx: &Tx,
    required: &PerKind<Vec<String>>,
    parent: Option<Resource>,
    child: &Resource,
    by: &str,
) -> Result<Option<Write>> {
    let Some(parent) = parent.filter(Resource::is_finalizing) else { return Ok(None) };
    let has_others = resources::has_children(tx, parent.id, Some(child.id)).await?;
    let reports = reports::of_resource(tx, parent.id).await?;
    let due = is_due(required, &parent, &reports, has_others);
    Ok(due.then(|| Write::Remove { before: parent.clone(), last: parent, by: by.to_owned() }))
}
