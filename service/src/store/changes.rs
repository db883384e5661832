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

/// The id of the one row of `change_log`.
const LOG: i64 = 1;

/// Changes that are read by one statement: so many bytes, and so many rows, whose reading must not hold up others.
const PAGE_BYTES: usize = 2 << 20;
const ROWS: u64 = 100;

/// A number of the log that is visible, and the lowest id of a transaction that ran when it was looked for.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(crate) struct Number {
    pub(crate) seq: i64,
    pub(crate) oldest: i64,
}

/// Appends what is to be seen of `writes`, by one statement. Answers whether there was anything.
///
/// The transaction has written before and has locked all its rows, so it has an id before it draws its numbers, and
/// waits for nobody once it has drawn them.
pub(super) async fn append(tx: &Tx, writes: impl Iterator<Item = &Write>) -> Result<bool> {
    let rows = writes.filter_map(|write| Some((write, write.logged()?)));
    let rows = rows
        .map(|(write, change)| record::row(write.before(), write.resource(), change, write.by(), tx.now()));
    let rows = rows.collect::<Result<Vec<ActiveModel>>>()?;
    for chunk in rows.chunks(CHUNK) {
        let inserted = Entity::insert_many(chunk.to_vec()).exec_without_returning(&**tx).await;
        inserted.map_err(number_taken)?;
    }
    Ok(!rows.is_empty())
}

/// A follower that could wait no longer has taken the number; with another one it goes.
fn number_taken(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::Retryable(error),
        _ => error.into(),
    }
}

/// The numbers after `head` that are visible, at most so many.
pub(crate) async fn numbers(db: &Executor, head: i64, limit: u64) -> Result<Vec<Number>> {
    let oldest = db.dialect().oldest_transaction();
    let numbers = Entity::find().select_only().column(Column::Seq).expr_as(oldest, "oldest");
    let numbers = numbers.filter(Column::Seq.gt(head)).order_by_asc(Column::Seq).limit(limit);
    Ok(numbers.into_model::<Number>().all(db).await?)
}

/// An id that is higher than that of every transaction that has begun to write.
pub(crate) async fn fence(db: &Executor) -> Result<i64> {
    of_log(db, db.dialect().next_transaction()).await
}

/// Some of the log.
#[derive(Debug)]
pub(crate) struct LogPage {
    pub(crate) rows: Vec<Model>,
    /// The number up to which these are all.
    pub(crate) upto: i64,
    /// Up to this number, changes have been removed.
    pub(crate) floor: i64,
}

/// The changes after `since`, up to `head` or as many as [`PAGE_BYTES`] bytes hold; at least one, if there is any.
pub(crate) async fn between(db: &Executor, since: i64, head: i64) -> Result<LogPage> {
    let all = Entity::find().filter(Column::Seq.gt(since)).filter(Column::Seq.lte(head));
    let (mut rows, mut bytes, mut upto) = (Vec::new(), 0, since);
    {
        let mut found = all.order_by_asc(Column::Seq).limit(ROWS).stream(db).await?;
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
    if bytes < PAGE_BYTES && (rows.len() as u64) < ROWS {
        upto = head;
    }
    // Read after the rows: the floor rises in the transaction that removes them, so what is missing shows in it.
    Ok(LogPage { rows, upto, floor: log(db).await?.floor })
}

/// Changes that a copy of the data does not include, with numbers after `last` or one of the `missing` ones: at most so
/// many, and as many as [`PAGE_BYTES`] bytes hold. `None` if there are more, or if some have been removed.
pub(crate) async fn unseen(
    db: &Executor,
    last: i64,
    missing: Vec<i64>,
    limit: u64,
) -> Result<Option<Vec<Model>>> {
    // The index answers the range; it would not answer the alternatives.
    let first = missing.iter().min().map_or(last, |first| first - 1);
    let unseen = Condition::any().add(Column::Seq.gt(last)).add(Column::Seq.is_in(missing));
    let unseen = Condition::all().add(Column::Seq.gt(first)).add(unseen);
    let (mut rows, mut bytes) = (Vec::new(), 0);
    {
        // What has been removed shows in the floor of the same state.
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
    let complete = !rows.is_empty() || log(db).await?.floor <= last;
    Ok(complete.then_some(rows))
}

/// The highest number there is or was: an expression for a statement about resources, which says whether it sees changes
/// that a copy does not include.
pub(super) fn last_number() -> Expr {
    let last = Entity::find().select_only().expr(Column::Seq.max()).into_query();
    Func::coalesce([subquery(last), floor()]).into()
}

/// Up to which number changes have been removed: an expression.
fn floor() -> Expr {
    let floor = change_log::Entity::find_by_id(LOG).select_only().column(change_log::Column::Floor);
    subquery(floor.into_query())
}

fn subquery(select: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(SubQueryStatement::SelectStatement(select)))
}

/// The numbers after `head`, to be read together with something else.
pub(super) fn numbers_after(head: i64) -> SelectStatement {
    Entity::find().select_only().column(Column::Seq).filter(Column::Seq.gt(head)).into_query()
}

/// The highest number there is or was; 0 if there is none.
pub(crate) async fn last(db: &Executor) -> Result<i64> {
    of_log(db, last_number()).await
}

/// What holds of the log as a whole.
pub(crate) async fn log(db: &Executor) -> Result<change_log::Model> {
    let log = change_log::Entity::find_by_id(LOG).one(db).await?;
    log.ok_or_else(no_log)
}

/// What an expression is where the log of changes is written.
async fn of_log<T: TryGetable>(db: &Executor, value: Expr) -> Result<T> {
    let query = change_log::Entity::find_by_id(LOG).select_only().expr_as(value, "value");
    query.into_tuple::<T>().one(db).await?.ok_or_else(no_log)
}

fn no_log() -> Error {
    Error::Internal("the table change_log has no row".into())
}

/// The history of the server that the numbers belong to: another one begins when a standby is promoted or a backup is
/// restored, and may give numbers again.
pub(crate) async fn timeline(db: &Executor) -> Result<String> {
    of_log(db, db.dialect().timeline()).await
}

/// Takes a number that a transaction has drawn and not used, so that it never will. Waits for that transaction if it
/// has used it and not yet ended.
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

/// The lowest numbers and when their changes happened.
pub(crate) async fn oldest(db: &Executor, limit: u64) -> Result<Vec<(i64, DateTime<Utc>)>> {
    let oldest = Entity::find().select_only().columns([Column::Seq, Column::ChangedTime]);
    Ok(oldest.order_by_asc(Column::Seq).limit(limit).into_tuple().all(db).await?)
}

/// Removes the changes up to a number.
pub(crate) async fn remove(tx: &Tx, upto: i64) -> Result<()> {
    let raised = change_log::Entity::update_many().col_expr(change_log::Column::Floor, Expr::val(upto));
    // Who begins a new log raises it too, and leaves the changes so far.
    raised.filter(change_log::Column::Floor.lt(upto)).exec(&**tx).await?;
    Entity::delete_many().filter(Column::Seq.lte(upto)).exec(&**tx).await?;
    Ok(())
}

/// Begins a new log: the numbers so far can no longer be followed.
pub(crate) async fn begin_anew(tx: &Tx, floor: i64) -> Result<()> {
    let log = change_log::Entity::update_many()
        .col_expr(change_log::Column::Epoch, Expr::val(Uuid::from_u128(rand::random())))
        .col_expr(change_log::Column::Floor, Expr::val(floor));
    log.exec(&**tx).await?;
    Ok(())
}
