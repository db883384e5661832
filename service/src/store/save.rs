//! The only code that changes resources.

use super::row::{StatusColumns, with_entity};
use super::write::{Tx, Write};
use super::{CHUNK, changes, labels, rows};
use crate::error::Result;
use crate::kind::Kind;
use crate::model::Resource;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::HashSet;
use uuid::Uuid;

/// The columns that never change.
const FIXED: [&str; 5] = ["id", "owner_id", "name", "created_time", "created_by"];

/// Saves writes of resources: rows, labels, the log of changes, and the list that audit and metrics read after the
/// commit. An update with an unchanged revision writes nothing.
///
/// Returns the ids of new resources that were omitted because their name is taken.
pub(crate) async fn save(tx: &Tx, writes: Vec<Write>) -> Result<HashSet<Uuid>> {
    let mut taken = HashSet::new();
    for kind in Kind::ALL {
        let (mut created, mut reported, mut updated) = (Vec::new(), Vec::new(), Vec::new());
        for write in writes.iter().filter(|write| write.resource().kind == kind) {
            match write {
                Write::Create(after) => created.push(after),
                Write::Update { before, after, .. } if before.revision == after.revision => {}
                Write::Update { before, after, .. } if before.differs_only_in_status(after) => {
                    reported.push(after);
                }
                Write::Update { after, .. } => updated.push(after),
                Write::Remove { .. } => {}
            }
        }
        // Transactions that insert the same names in different orders would wait for each other.
        created.sort_by(|a, b| (a.owner_id, &a.name).cmp(&(b.owner_id, &b.name)));
        taken.extend(insert(tx, kind, &created).await?);
        update(tx, kind, &reported, true).await?;
        update(tx, kind, &updated, false).await?;
    }
    // Children are removed before their parents.
    for kind in Kind::ALL.into_iter().rev() {
        let removed = writes.iter().filter(|write| write.is_removal());
        let removed = removed.map(Write::resource).filter(|resource| resource.kind == kind);
        remove(tx, kind, &removed.map(|resource| resource.id).collect::<Vec<_>>()).await?;
    }
    save_labels(tx, &writes, &taken).await?;
    // Last, when every row is locked: no operation that may wait follows the drawing of the numbers.
    let written = writes.iter().filter(|write| !taken.contains(&write.resource().id));
    let logged = changes::append(tx, written).await?;
    let mut saved = tx.saved.lock();
    for write in writes.iter().filter(|write| !taken.contains(&write.resource().id)) {
        saved.changes.push(write.change());
        if write.starts_reconciliation() {
            saved.started.push((write.resource().kind, write.resource().is_finalizing()));
        }
    }
    saved.has_changes |= logged;
    drop(saved);
    Ok(taken)
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

/// Updates all columns that can change, or only those of the status.
async fn update(tx: &Tx, kind: Kind, resources: &[&Resource], status_only: bool) -> Result<()> {
    for chunk in resources.chunks(CHUNK) {
        let chunk = chunk.iter().copied().cloned();
        with_entity!(kind, entity => {
            let rows: Vec<_> = chunk.map(entity::Model::from).collect();
            let columns = match status_only {
                true => entity::Entity::status_columns(),
                false => rows::columns_but::<entity::Entity>(&FIXED),
            };
            tx.execute(&rows::update::<entity::Entity>(&rows, &columns, entity::Column::Id)).await?
        });
    }
    Ok(())
}

/// Removes resources. Their labels and reports are removed with the rows.
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
