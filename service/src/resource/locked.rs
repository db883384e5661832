//! The resources of a batch of requests.

use crate::error::Result;
use crate::kind::Kind;
use crate::model::{Resource, Target};
use crate::status::report_state::ReportState;
use crate::store::resources::Wait;
use crate::store::write::{Tx, Write};
use crate::store::{reports, resources};
use std::collections::HashMap;
use uuid::Uuid;

/// A resource that is locked until the transaction ends, with the data that its status is aggregated from.
pub(super) struct Locked {
    pub(super) before: Resource,
    /// The new state; initially equal to `before`.
    pub(super) after: Resource,
    /// All reports about it, ordered by adapter.
    pub(super) reports: Vec<ReportState>,
    pub(super) has_children: bool,
    /// The author of the last change: the caller or the adapter.
    pub(super) by: String,
}

impl Locked {
    /// Returns the write of the resource.
    pub(super) fn into_write(self) -> Write {
        let Self { before, after, by, .. } = self;
        Write::Update { before, after, by }
    }
}

/// Locks the resources that paths name, and reads the reports about them.
pub(super) async fn lock(tx: &Tx, targets: &[Target], wait: Wait) -> Result<HashMap<(Kind, Uuid), Locked>> {
    let mut locked = HashMap::new();
    for kind in Kind::ALL {
        for resource in resources::lock_all(tx, kind, &ids(targets, kind), wait).await? {
            let has_children =
                resource.is_finalizing() && resources::has_children(tx, resource.id, None).await?;
            let (before, reports, by) = (resource.clone(), Vec::new(), String::new());
            locked.insert((kind, resource.id), Locked { before, after: resource, reports, has_children, by });
        }
    }
    let all: Vec<Uuid> = locked.keys().map(|(_, id)| *id).collect();
    if !all.is_empty() {
        let mut all_reports = reports::of_resources(tx, &all).await?;
        for ((_, id), resource) in &mut locked {
            resource.reports = all_reports.remove(id).unwrap_or_default();
        }
    }
    Ok(locked)
}

/// The ids of the targets of a kind.
fn ids(targets: &[Target], kind: Kind) -> Vec<Uuid> {
    targets.iter().filter(|target| target.kind == kind).map(|target| target.id).collect()
}
