//! The rows for searches by label.

use super::CHUNK;
use crate::db::Executor;
use crate::error::Result;
use crate::model::Resource;
use entity::label::{ActiveModel, Column, Entity};
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, QueryFilter, Set};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Inserts the labels of these resources.
pub(super) async fn insert(tx: &Executor, resources: &[&Resource]) -> Result<()> {
    let mut rows = Vec::new();
    for resource in resources {
        let labels: BTreeMap<String, String> = resource.labels.read()?;
        rows.extend(labels.into_iter().map(|(key, value)| ActiveModel {
            owner_id: Set(resource.id),
            owner_type: Set(resource.kind.as_str().to_owned()),
            key: Set(key),
            value: Set(value),
        }));
    }
    while !rows.is_empty() {
        let rest = rows.split_off(CHUNK.min(rows.len()));
        Entity::insert_many(rows).exec_without_returning(tx).await?;
        rows = rest;
    }
    Ok(())
}

/// Removes the labels of these resources.
pub(super) async fn remove(tx: &Executor, ids: &[Uuid]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let owned = tx.dialect().is_one_of(Expr::col(Column::OwnerId), ids);
    Entity::delete_many().filter(owned).exec(tx).await?;
    Ok(())
}
