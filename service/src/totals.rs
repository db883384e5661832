//! How many resources there are.

use crate::{Kind, Result};
use entity::resource_count::{Column, Entity};
use sea_orm::sea_query::{Alias, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

/// All resources of a kind: the sum of the shards the database keeps.
pub(crate) async fn of_kind(db: &impl ConnectionTrait, kind: Kind) -> Result<i64> {
    // A sum of big integers would be answered as a decimal.
    let sum = Column::Count.sum().cast_as(Alias::new("bigint"));
    let shards = Entity::find().filter(Column::Kind.eq(kind.as_str())).select_only().expr_as(sum, "total");
    Ok(shards.into_tuple::<Option<i64>>().one(db).await?.flatten().unwrap_or(0))
}
