//! How many resources there are.

use crate::{Kind, Result};
use entity::resource_count::{Column, Entity};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

/// All resources of a kind: the sum of the shards the database keeps.
pub(crate) async fn of_kind(db: &impl ConnectionTrait, kind: Kind) -> Result<i64> {
    let shards = Entity::find().filter(Column::Kind.eq(kind.as_str())).all(db).await?;
    Ok(shards.iter().map(|shard| shard.count).sum())
}
