//! Idempotency keys and their stored answers.

use crate::db::Executor;
use crate::error::Result;
use chrono::{DateTime, Utc};
use entity::idempotency_key::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Set};

/// Adds a key without an answer. Replaces an existing key that has expired or has no answer. Returns `false` if
/// another key exists. Waits for a transaction that is adding the same key.
pub(crate) async fn claim(tx: &Executor, row: Model, now: DateTime<Utc>) -> Result<bool> {
    let columns = [Column::RequestDigest, Column::Answer, Column::ClaimedTime, Column::ExpiresTime];
    let is_free = Column::ExpiresTime.lt(now).or(Column::Answer.is_null());
    let renew = OnConflict::columns([Column::Caller, Column::Key])
        .update_columns(columns)
        .action_and_where(is_free)
        .to_owned();
    let claimed = Entity::insert(row.into_active_model()).on_conflict(renew);
    Ok(claimed.exec_without_returning(tx).await? > 0)
}

/// Returns the row of a key, locked.
pub(crate) async fn find(tx: &Executor, caller: &str, key: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(key_is(caller, key)).lock_exclusive().one(tx).await?)
}

/// Stores the answer of a key.
pub(crate) async fn complete(tx: &Executor, caller: &str, key: &str, answer: String) -> Result<()> {
    let answer = ActiveModel { answer: Set(Some(answer)), ..Default::default() };
    Entity::update_many().set(answer).filter(key_is(caller, key)).exec(tx).await?;
    Ok(())
}

/// Removes expired keys. Returns the number of removed keys.
pub(crate) async fn remove_expired(tx: &Executor, now: DateTime<Utc>) -> Result<u64> {
    Ok(Entity::delete_many().filter(Column::ExpiresTime.lt(now)).exec(tx).await?.rows_affected)
}

fn key_is(caller: &str, key: &str) -> Condition {
    Condition::all().add(Column::Caller.eq(caller)).add(Column::Key.eq(key))
}
