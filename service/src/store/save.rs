//! The one way a resource changes.

use super::row::with_entity;
use super::{CHUNK, changes, labels, rows};
use crate::change::record::ChangeType;
use crate::db::Executor;
use crate::error::Result;
use crate::kind::Kind;
use crate::resource::{Resource, ResourceChange};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::HashSet;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// A transaction and what was saved in it.
#[derive(Clone, Debug)]
pub(crate) struct Tx {
    executor: Executor,
    now: DateTime<Utc>,
    saved: Arc<Mutex<Saved>>,
}

/// What is written of a resource.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    /// It is new.
    Create(Resource),
    /// It becomes another, or stays as it was if the revision is the same. `by` is the caller, or the adapter that
    /// reported.
    Update { before: Resource, after: Resource, by: String },
    /// It goes. `last` is its last state, which includes what led to its removal.
    Remove { before: Resource, last: Resource, by: String },
}

impl Write {
    /// The resource as it is now, or as it last was.
    pub(super) fn resource(&self) -> &Resource {
        match self {
            Self::Create(after) | Self::Update { after, .. } => after,
            Self::Remove { last, .. } => last,
        }
    }

    pub(super) fn before(&self) -> Option<&Resource> {
        match self {
            Self::Create(_) => None,
            Self::Update { before, .. } | Self::Remove { before, .. } => Some(before),
        }
    }

    fn is_removal(&self) -> bool {
        matches!(self, Self::Remove { .. })
    }

    /// Who did it: the caller, or the adapter that reported.
    pub(super) fn by(&self) -> &str {
        match self {
            Self::Create(after) => &after.created_by,
            Self::Update { by, .. } | Self::Remove { by, .. } => by,
        }
    }

    /// What the log of changes calls it; `None` if there is nothing to see.
    pub(super) fn logged(&self) -> Option<ChangeType> {
        match self {
            Self::Create(_) => Some(ChangeType::Created),
            Self::Remove { .. } => Some(ChangeType::Removed),
            Self::Update { before, after, .. } if before.revision == after.revision => None,
            Self::Update { before, after, .. } if only_status_differs(before, after) => {
                after.status.says_more_than(&before.status).then_some(ChangeType::Reported)
            }
            Self::Update { .. } => Some(ChangeType::Updated),
        }
    }

    fn change(&self) -> ResourceChange {
        let Resource { kind, id, generation, .. } = *self.resource();
        ResourceChange {
            kind,
            id,
            generation_before: self.before().map_or(0, |before| before.generation),
            generation_after: generation,
            removed: self.is_removal(),
        }
    }

    /// Whether the resource waits for reconciliation now and did not before.
    fn starts_reconciliation(&self) -> bool {
        let was_reconciled = self.before().is_none_or(|before| before.status.reconciled);
        was_reconciled && !self.is_removal() && !self.resource().status.reconciled
    }
}

/// What was written, without the resources.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    pub(crate) changes: Vec<ResourceChange>,
    /// Kind of each resource whose reconciliation started, and whether it is being deleted.
    pub(crate) started: Vec<(Kind, bool)>,
    /// Whether anything was written to the log of changes.
    pub(crate) logged: bool,
}

/// The columns that a status consists of.
const STATUS: [&str; 11] = [
    "revision",
    "phase",
    "observed_generation",
    "status_updated_time",
    "status_transition_time",
    "conditions",
    "adapters",
    "reconciled",
    "reconciled_updated_time",
    "reconciled_since",
    "reconciled_bucket",
];

/// The columns that never change.
const FIXED: [&str; 5] = ["id", "owner_id", "name", "created_time", "created_by"];

impl Tx {
    /// A transaction that begins at `now`.
    pub(crate) fn new(executor: Executor, now: DateTime<Utc>) -> Self {
        Self { executor, now, saved: Arc::default() }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// What was saved; for when it is committed.
    pub(crate) fn saved(&self) -> Saved {
        std::mem::take(&mut *self.saved.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Deref for Tx {
    type Target = Executor;

    fn deref(&self) -> &Executor {
        &self.executor
    }
}

/// Saves what became of resources: rows, labels, the log of changes, and the list that audit and metrics read after
/// the commit. An update that leaves the revision as it was writes nothing.
///
/// Answers the ids of new resources that were left out because their name is taken.
pub(crate) async fn save(tx: &Tx, writes: Vec<Write>) -> Result<HashSet<Uuid>> {
    let mut taken = HashSet::new();
    for kind in Kind::ALL {
        let (mut created, mut reported, mut updated) = (Vec::new(), Vec::new(), Vec::new());
        for write in writes.iter().filter(|write| write.resource().kind == kind) {
            match write {
                Write::Create(after) => created.push(after),
                Write::Update { before, after, .. } if before.revision == after.revision => {}
                Write::Update { before, after, .. } if only_status_differs(before, after) => {
                    reported.push(after);
                }
                Write::Update { after, .. } => updated.push(after),
                Write::Remove { .. } => {}
            }
        }
        // Transactions that take the same names in different orders would wait for each other.
        created.sort_by(|a, b| (a.owner_id, &a.name).cmp(&(b.owner_id, &b.name)));
        taken.extend(insert(tx, kind, &created).await?);
        update(tx, kind, &reported, &STATUS, true).await?;
        update(tx, kind, &updated, &FIXED, false).await?;
    }
    // Children before their parents.
    for kind in Kind::ALL.into_iter().rev() {
        let removed = writes.iter().filter(|write| write.is_removal());
        let removed = removed.map(Write::resource).filter(|resource| resource.kind == kind);
        remove(tx, kind, &removed.map(|resource| resource.id).collect::<Vec<_>>()).await?;
    }
    save_labels(tx, &writes, &taken).await?;
    // Last, when every row is locked: nothing that may wait follows the drawing of the numbers.
    let written = writes.iter().filter(|write| !taken.contains(&write.resource().id));
    let logged = changes::append(tx, written).await?;
    let mut saved = tx.saved.lock().unwrap_or_else(PoisonError::into_inner);
    for write in writes.iter().filter(|write| !taken.contains(&write.resource().id)) {
        saved.changes.push(write.change());
        if write.starts_reconciliation() {
            saved.started.push((write.resource().kind, write.resource().is_finalizing()));
        }
    }
    saved.logged |= logged;
    drop(saved);
    Ok(taken)
}

/// Whether writing the columns of [`STATUS`] is enough. It spares the documents, which may be large. Every field is
/// named, so that a new one does not compile until it is decided which it belongs to.
fn only_status_differs(before: &Resource, after: &Resource) -> bool {
    let Resource {
        kind: _,
        id: _,
        owner_id: _,
        name: _,
        created_time: _,
        created_by: _,
        revision: _,
        status: _,
        generation,
        spec,
        labels,
        updated_time,
        deleted_time,
        updated_by,
        deleted_by,
    } = before;
    (*generation, *updated_time, *deleted_time) == (after.generation, after.updated_time, after.deleted_time)
        && (updated_by, deleted_by) == (&after.updated_by, &after.deleted_by)
        && (spec, labels) == (&after.spec, &after.labels)
}

async fn insert(tx: &Tx, kind: Kind, resources: &[&Resource]) -> Result<HashSet<Uuid>> {
    let mut taken: HashSet<Uuid> = resources.iter().map(|resource| resource.id).collect();
    for chunk in resources.chunks(CHUNK) {
        let chunk = chunk.iter().copied().cloned();
        let statement = with_entity!(kind, entity => {
            let rows = chunk.map(entity::Model::from).collect();
            rows::insert_new::<entity::Entity>(rows, tx.get_database_backend())
        });
        for row in tx.query_all_raw(statement).await? {
            taken.remove(&row.try_get_by_index(0)?);
        }
    }
    Ok(taken)
}

async fn update(tx: &Tx, kind: Kind, resources: &[&Resource], names: &[&str], named: bool) -> Result<()> {
    for chunk in resources.chunks(CHUNK) {
        let chunk = chunk.iter().copied().cloned();
        with_entity!(kind, entity => {
            let rows: Vec<_> = chunk.map(entity::Model::from).collect();
            let columns = rows::columns::<entity::Entity>(names, named);
            tx.execute(&rows::update::<entity::Entity>(&rows, &columns, entity::Column::Id)).await?
        });
    }
    Ok(())
}

/// Labels and reports go with the rows.
async fn remove(tx: &Tx, kind: Kind, ids: &[Uuid]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let these = tx.dialect().is_one_of(Expr::col("id"), ids);
    with_entity!(kind, entity => entity::Entity::delete_many().filter(these).exec(&**tx).await?);
    Ok(())
}

async fn save_labels(tx: &Tx, writes: &[Write], taken: &HashSet<Uuid>) -> Result<()> {
    let (mut replaced, mut labelled) = (Vec::new(), Vec::new());
    for write in writes {
        match write {
            Write::Create(after) if !taken.contains(&after.id) => labelled.push(after),
            Write::Update { before, after, .. } if before.labels != after.labels => {
                replaced.push(after.id);
                labelled.push(after);
            }
            _ => {}
        }
    }
    labels::remove(tx, &replaced).await?;
    labels::insert(tx, &labelled).await
}
