//! The log of changes.

use super::CHUNK;
use super::write::{Tx, Write};
use crate::change::record;
use crate::db::Executor;
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use entity::change::{ActiveModel, Column, Entity, Model};
use entity::{JsonText, change_log};
use futures_util::TryStreamExt;
use sea_orm::sea_query::{Expr, Func, OnConflict, SelectStatement, SubQueryStatement};
use sea_orm::{
    ActiveValue, ColumnTrait, Condition, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, SqlErr, StreamTrait, TryGetable,
};
use uuid::Uuid;

/// The id of the only row of `change_log`.
const ONLY_ROW: i64 = 1;

/// The maximum size in bytes, and the maximum number, of changes that one statement reads. Decoding more would block
/// other requests.
const PAGE_BYTES: usize = 2 << 20;
const MAX_ROWS: u64 = 100;

/// A visible number of the log, and the lowest id of a transaction that was running when the number was read.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(crate) struct Number {
    pub(crate) seq: i64,
    pub(crate) oldest: i64,
}

/// Appends the visible effects of `writes` to the log, one statement per [`CHUNK`] rows. Returns whether there were
/// any.
///
/// The transaction has written before and has locked all its rows. It therefore has an id before it draws its numbers,
/// and waits for no other transaction after it has drawn them.
pub(super) async fn append(tx: &Tx, writes: impl Iterator<Item = &Write>) -> Result<bool> {
    let rows = writes.filter_map(|write| Some((write, write.change_type()?)));
    let rows = rows
        .map(|(write, change)| record::row(write.before(), write.resource(), change, write.by(), tx.now()));
    let rows = rows.collect::<Result<Vec<ActiveModel>>>()?;
    for chunk in rows.chunks(CHUNK) {
        let inserted = Entity::insert_many(chunk.to_vec()).exec_without_returning(&**tx).await;
        inserted.map_err(number_taken)?;
    }
    Ok(!rows.is_empty())
}

/// Converts a conflict into a retry: a follower has occupied the number, and the retry draws another one.
fn number_taken(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::Retryable(error),
        _ => error.into(),
    }
}

/// Returns the visible numbers after `head`, at most `limit`.
pub(crate) async fn numbers(db: &Executor, head: i64, limit: u64) -> Result<Vec<Number>> {
    let oldest = db.dialect().oldest_transaction();
    let numbers = Entity::find().select_only().column(Column::Seq).expr_as(oldest, "oldest");
    let numbers = numbers.filter(Column::Seq.gt(head)).order_by_asc(Column::Seq).limit(limit);
    Ok(numbers.into_model::<Number>().all(db).await?)
}

/// Returns an id above that of every transaction that has begun to write.
pub(crate) async fn fence(db: &Executor) -> Result<i64> {
    of_log(db, db.dialect().next_transaction()).await
}

/// A section of the log.
#[derive(Debug)]
pub(crate) struct LogPage {
    pub(crate) rows: Vec<Model>,
    /// The number up to which the rows are complete.
    pub(crate) upto: i64,
    /// The number up to which changes have been removed.
    pub(crate) floor: i64,
}

/// Returns the changes after `since` up to `head`, limited to about [`PAGE_BYTES`] bytes and [`MAX_ROWS`] rows. Returns at
/// least one, if there is any.
pub(crate) async fn between(db: &Executor, since: i64, head: i64) -> Result<LogPage> {
    let all = Entity::find().filter(Column::Seq.gt(since)).filter(Column::Seq.lte(head));
    let (mut rows, mut bytes, mut upto) = (Vec::new(), 0, since);
    {
        let mut found = all.order_by_asc(Column::Seq).limit(MAX_ROWS).stream(db).await?;
        while let Some(row) = found.try_next().await? {
            bytes +=
                row.document.as_str().len() + row.before.as_ref().map_or(0, |before| before.as_str().len());
            upto = row.seq;
            rows.push(row);
            if bytes >= PAGE_BYTES {
                break;
            }
        }
    }
    if bytes < PAGE_BYTES && (rows.len() as u64) < MAX_ROWS {
        upto = head;
    }
    // Read after the rows: the transaction that removes rows raises the floor, so the floor reveals missing rows.
    Ok(LogPage { rows, upto, floor: log_row(db).await?.floor })
}

/// Returns the changes that a copy of the data does not include: numbers after `last`, and the `missing` ones. `None`
/// if they exceed `limit` or [`PAGE_BYTES`], or if some have been removed.
pub(crate) async fn unseen(
    db: &Executor,
    last: i64,
    missing: Vec<i64>,
    limit: u64,
) -> Result<Option<Vec<Model>>> {
    // The index supports the range, but not the alternatives.
    let first = missing.iter().min().map_or(last, |first| first - 1);
    let unseen = Condition::any().add(Column::Seq.gt(last)).add(Column::Seq.is_in(missing));
    let unseen = Condition::all().add(Column::Seq.gt(first)).add(unseen);
    let (mut rows, mut bytes) = (Vec::new(), 0);
    {
        // The floor is read in the same statement, so it reveals removed changes.
        let query = Entity::find().expr_as(floor(), "floor").filter(unseen).order_by_asc(Column::Seq);
        let mut found = db.stream(&query.limit(limit + 1).into_query()).await?;
        while let Some(row) = found.try_next().await? {
            let floor: i64 = row.try_get("", "floor")?;
            let change = Model::from_query_result(&row, "")?;
            bytes += change.document.as_str().len();
            rows.push(change);
            if bytes > PAGE_BYTES || rows.len() as u64 > limit || floor > last {
                return Ok(None);
            }
        }
    }
    let complete = !rows.is_empty() || log_row(db).await?.floor <= last;
    Ok(complete.then_some(rows))
}

/// An expression for the highest number that exists or existed. In a statement that reads resources, it shows whether
/// the statement sees changes that a copy does not include.
pub(super) fn last_seq() -> Expr {
    let last = Entity::find().select_only().expr(Column::Seq.max()).into_query();
    Func::coalesce([subquery(last), floor()]).into()
}

/// An expression for the number up to which changes have been removed.
fn floor() -> Expr {
    let floor = change_log::Entity::find_by_id(ONLY_ROW).select_only().column(change_log::Column::Floor);
    subquery(floor.into_query())
}

fn subquery(select: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(SubQueryStatement::SelectStatement(select)))
}

/// Selects the numbers after `head`, as part of a larger statement.
pub(super) fn seqs_after(head: i64) -> SelectStatement {
    Entity::find().select_only().column(Column::Seq).filter(Column::Seq.gt(head)).into_query()
}

/// Returns the highest number that exists or existed; 0 if there is none.
pub(crate) async fn last(db: &Executor) -> Result<i64> {
    of_log(db, last_seq()).await
}

/// Returns the row that describes the log as a whole.
pub(crate) async fn log_row(db: &Executor) -> Result<change_log::Model> {
    let log = change_log::Entity::find_by_id(ONLY_ROW).one(db).await?;
    log.ok_or_else(no_log)
}

/// Evaluates an expression in a query of the row of `change_log`.
async fn of_log<T: TryGetable>(db: &Executor, value: Expr) -> Result<T> {
    let query = change_log::Entity::find_by_id(ONLY_ROW).select_only().expr_as(value, "value");
    query.into_tuple::<T>().one(db).await?.ok_or_else(no_log)
}

fn no_log() -> Error {
    Error::Internal("the table change_log has no row".into())
}

/// Returns the history of the server that the numbers belong to. A new history begins when a standby is promoted or a
/// backup is restored, and it may assign numbers again.
pub(crate) async fn timeline(db: &Executor) -> Result<String> {
    of_log(db, db.dialect().timeline()).await
}

/// Occupies a number that a transaction has drawn and not used, so that it can never be used. If the transaction has
/// used the number and not ended, waits for the transaction.
pub(crate) async fn occupy(db: &Executor, seq: i64, now: DateTime<Utc>) -> Result<()> {
    let row = ActiveModel {
        seq: ActiveValue::Set(seq),
        kind: ActiveValue::Set(String::new()),
        resource_id: ActiveValue::Set(Uuid::nil()),
        owner_id: ActiveValue::Set(None),
        change: ActiveValue::Set(String::new()),
        changed_time: ActiveValue::Set(now),
        changed_by: ActiveValue::Set(String::new()),
        document: ActiveValue::Set(JsonText(String::new())),
        before: ActiveValue::Set(None),
    };
    let unless_taken = OnConflict::column(Column::Seq).do_nothing().to_owned();
    Entity::insert(row).on_conflict(unless_taken).exec_without_returning(db).await?;
    Ok(())
}

/// Returns the lowest numbers and the times of their changes.
pub(crate) async fn oldest(db: &Executor, limit: u64) -> Result<Vec<(i64, DateTime<Utc>)>> {
    let oldest = Entity::find().select_only().columns([Column::Seq, Column::ChangedTime]);
    Ok(oldest.order_by_asc(Column::Seq).limit(limit).into_tuple().all(db).await?)
}

/// Removes the changes up to a number.
pub(crate) async fn remove(tx: &Tx, upto: i64) -> Result<()> {
    let raised = change_log::Entity::update_many().col_expr(change_log::Column::Floor, Expr::val(upto));
    // `begin_anew` also raises the floor, and keeps the existing changes, so the floor may already be higher.
    raised.filter(change_log::Column::Floor.lt(upto)).exec(&**tx).await?;
    Entity::delete_many().filter(Column::Seq.lte(upto)).exec(&**tx).await?;
    Ok(())
}

/// Begins a new log. The existing numbers can no longer be followed.
pub(crate) async fn begin_anew(tx: &Tx, floor: i64) -> Result<()> {
    let log = change_log::Entity::update_many()
        .col_expr(change_log::Column::Epoch, Expr::val(Uuid::from_u128(rand::random())))
        .col_expr(change_log::Column::Floor, Expr::val(floor));
    log.exec(&**tx).await?;
    Ok(())
}
