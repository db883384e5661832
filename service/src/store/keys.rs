//! Idempotency keys and the answers stored for them.

use crate::db::Executor;
use crate::error::Result;
use chrono::{DateTime, Utc};
use entity::idempotency_key::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Set,
    TryInsertResult,
};

/// Adds a key without an answer. `false` if there is one already; waits for a transaction that is adding it.
pub(crate) async fn insert(tx: &Executor, row: Model) -> Result<bool> {
    let nothing = OnConflict::columns([Column::Caller, Column::Key]).do_nothing().to_owned();
    let insert = Entity::insert(row.into_active_model()).on_conflict(nothing).try_insert();
    let inserted = insert.exec_without_returning(tx).await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(rows) if rows > 0))
}

/// The row of a key, locked.
pub(crate) async fn find(tx: &Executor, caller: &str, key: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(this(caller, key)).lock_exclusive().one(tx).await?)
}

/// Overwrites the row of a key that has expired.
pub(crate) async fn renew(tx: &Executor, row: Model) -> Result<()> {
    let this = this(&row.caller, &row.key);
    Entity::update_many().set(row.into_active_model().reset_all()).filter(this).exec(tx).await?;
    Ok(())
}

/// Stores the answer of a key.
pub(crate) async fn complete(tx: &Executor, caller: &str, key: &str, answer: String) -> Result<()> {
    let answer = ActiveModel { answer: Set(Some(answer)), ..Default::default() };
    Entity::update_many().set(answer).filter(this(caller, key)).exec(tx).await?;
    Ok(())
}

/// Removes keys that have expired and answers how many there were.
pub(crate) async fn remove_expired(tx: &Executor, now: DateTime<Utc>) -> Result<u64> {
    Ok(Entity::delete_many().filter(Column::ExpiresTime.lt(now)).exec(tx).await?.rows_affected)
}

fn this(caller: &str, key: &str) -> Condition {
    Condition::all().add(Column::Caller.eq(caller)).add(Column::Key.eq(key))
}
