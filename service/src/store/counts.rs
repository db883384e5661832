//! The number of resources, and of unreconciled resources.

use super::changes;
use super::row::with_entity;
use crate::db::Executor;
use crate::error::Result;
use crate::kind::Kind;
use chrono::{DateTime, Utc};
use entity::adapter_status;
use entity::resource_count::{Column, Entity};
use sea_orm::sea_query::{Alias, Asterisk, Expr, ExprTrait, Func, Query, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    QueryTrait,
};

/// Returns the number of resources of a kind that match `condition`, or of all resources of the kind without one.
pub(crate) async fn resources(db: &Executor, kind: Kind, condition: Option<Condition>) -> Result<i64> {
    scalar(db, &counting(kind, condition)).await
}

/// Returns the number of reports that match.
pub(crate) async fn reports(db: &Executor, condition: Condition) -> Result<i64> {
    scalar(db, &matching::<adapter_status::Entity>(condition)).await
}

/// Returns the same count as [`resources`], and the numbers after `head` of the changes that it includes. One
/// statement reads both, from the same state of the database.
pub(crate) async fn with_changes(
    db: &Executor,
    kind: Kind,
    condition: Option<Condition>,
    head: i64,
) -> Result<(u64, Vec<i64>)> {
    let mut count = counting(kind, condition);
    count.expr_as(Expr::cust("0"), "change");
    let mut numbers = changes::seqs_after(head);
    numbers.expr(Expr::cust("1"));
    count.union(UnionType::All, numbers);
    let (mut total, mut seen) = (0, Vec::new());
    for row in db.query_all(&count).await? {
        let value: Option<i64> = row.try_get_by_index(0)?;
        match row.try_get_by_index::<i32>(1)? {
            0 => total = value.and_then(|total| u64::try_from(total).ok()).unwrap_or(0),
            _ => seen.extend(value),
        }
    }
    Ok((total, seen))
}

/// Returns the number of selected rows, at most `limit`.
pub(crate) async fn up_to(db: &Executor, mut rows: SelectStatement, limit: u64) -> Result<u64> {
    let mut count = Query::select();
    count.expr(Expr::col(Asterisk).count()).from_subquery(rows.limit(limit).take(), "found");
    Ok(scalar(db, &count).await?.unsigned_abs())
}

async fn scalar(db: &Executor, count: &SelectStatement) -> Result<i64> {
    let number = db.query_one(count).await?.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?;
    Ok(number.flatten().unwrap_or(0))
}

fn counting(kind: Kind, condition: Option<Condition>) -> SelectStatement {
    let Some(condition) = condition else {
        // The sum of the shards that the database maintains. A sum of big integers would be returned as a decimal.
        let sum = Column::Count.sum().cast_as(Alias::new("bigint"));
        let shards = Entity::find().filter(Column::Kind.eq(kind.as_str()));
        return shards.select_only().expr_as(sum, "count").into_query();
    };
    with_entity!(kind, entity => matching::<entity::Entity>(condition))
}

fn matching<E: EntityTrait>(condition: Condition) -> SelectStatement {
    E::find().filter(condition).select_only().expr_as(Expr::col(Asterisk).count(), "count").into_query()
}

/// The unreconciled resources of a kind: either those marked for deletion or the others.
#[derive(Debug, FromQueryResult)]
pub(crate) struct UnreconciledRow {
    pub(crate) is_delete: bool,
    pub(crate) pending: i64,
    /// The number of resources that have been unreconciled since before the given time.
    pub(crate) stuck: i64,
    /// The start of the longest wait.
    pub(crate) since: Option<DateTime<Utc>>,
}

/// Counts the unreconciled resources of a kind, with one statement on an index that contains only them.
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
