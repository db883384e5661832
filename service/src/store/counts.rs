//! How many resources there are, and how many wait for reconciliation.

use super::row::with_entity;
use crate::db::Executor;
use crate::error::Result;
use crate::kind::Kind;
use chrono::{DateTime, Utc};
use entity::resource_count::{Column, Entity};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, QueryTrait,
};

/// The number of resources of a kind: the sum of the shards that the database keeps.
pub(crate) async fn total(db: &Executor, kind: Kind) -> Result<i64> {
    let total = db.query_one(&total_query(kind)).await?;
    let total = total.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?;
    Ok(total.flatten().unwrap_or(0))
}

/// Selects the number of resources of a kind.
pub(super) fn total_query(kind: Kind) -> SelectStatement {
    // A sum of big integers would be answered as a decimal.
    let sum = Column::Count.sum().cast_as(Alias::new("bigint"));
    Entity::find().filter(Column::Kind.eq(kind.as_str())).select_only().expr_as(sum, "total").into_query()
}

/// Resources of a kind that wait for reconciliation: either those being deleted or the others.
#[derive(Debug, FromQueryResult)]
pub(crate) struct UnreconciledRow {
    pub(crate) is_delete: bool,
    pub(crate) pending: i64,
    /// Those that have waited since before the given time.
    pub(crate) stuck: i64,
    /// Since when the first has waited.
    pub(crate) since: Option<DateTime<Utc>>,
}

/// Counts the resources of a kind that wait for reconciliation: one statement, answered from an index over those.
pub(crate) async fn unreconciled(
    db: &Executor,
    kind: Kind,
    stuck_before: DateTime<Utc>,
) -> Result<Vec<UnreconciledRow>> {
    let since =
        || Expr::from(Func::coalesce([Expr::col("reconciled_since"), Expr::col("status_transition_time")]));
    let stuck: Expr = Expr::case(since().lt(stuck_before), 1).finally(0).into();
    let is_delete = || Expr::col("deleted_time").is_not_null();
    Ok(with_entity!(kind, entity => {
        let waiting = entity::Entity::find().select_only().filter(Expr::col("reconciled").eq(false));
        let waiting = waiting
            .expr_as(is_delete(), "is_delete")
            .expr_as(Expr::col("id").count(), "pending")
            .expr_as(stuck.sum().cast_as(Alias::new("bigint")), "stuck")
            .expr_as(since().min(), "since")
            .group_by(is_delete());
        waiting.into_model::<UnreconciledRow>().all(db).await?
    }))
}
