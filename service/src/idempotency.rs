//! Creates that can be repeated: the same key gets the same answer, from any replica.
//!
//! A key is claimed in a transaction of its own, so that a second request with it finds the claim while the
//! first still runs. The answer is stored in the transaction that creates the resource: either both are
//! there or neither. A claim whose process died lapses; should its holder be alive after all, it finds that the
//! claim is no longer its own, and creates nothing.

use crate::resource::Resource;
use crate::{Context, Error, Result, Scope, Write};
use chrono::{DateTime, TimeDelta, Utc};
use entity::JsonText;
use entity::idempotency_key::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Set,
    TryInsertResult,
};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// How long a claim without an answer holds.
const CLAIM: TimeDelta = TimeDelta::minutes(2);

/// The right to answer a key for the first time.
#[derive(Clone, Debug)]
pub struct Claim {
    caller: String,
    key: String,
    digest: String,
    /// Tells this claim from later ones of the same key.
    time: DateTime<Utc>,
}

/// What a claim led to.
#[derive(Debug)]
pub enum Claimed {
    /// The key is new: do what is asked, under this claim.
    New(Claim),
    /// It was done before, with this result.
    Done(Box<Resource>),
}

impl Claim {
    /// Claims `key` for what `caller` asks with the request described by `parts`.
    pub async fn make(context: &Context, caller: &str, key: &str, parts: &[&str]) -> Result<Claimed> {
        let (caller, key) = (caller.to_owned(), key.to_owned());
        let claim = Self { caller, key, digest: digest(parts), time: context.clock.now() };
        match context.write(claim.clone()).await? {
            None => Ok(Claimed::New(claim)),
            Some(answer) => Ok(Claimed::Done(Box::new(answer.read()?))),
        }
    }

    /// Gives the key back: nothing was created, so the next request with it starts anew.
    pub async fn release(&self, context: &Context) -> Result<()> {
        context.write(Release(self.clone())).await
    }

    /// Stores the answer, in the transaction that makes it true.
    pub(crate) async fn complete(&self, scope: &Scope<'_>, resource: &Resource) -> Result<()> {
        let answer = ActiveModel { answer: Set(Some(JsonText::of(resource)?)), ..Default::default() };
        let done = Entity::update_many().set(answer).filter(self.held()).exec(scope.tx).await?;
        match done.rows_affected {
            0 => Err(Error::Conflict("another request took over this Idempotency-Key; send it again".into())),
            _ => Ok(()),
        }
    }

    /// The row, if it is still this claim's.
    fn held(&self) -> Condition {
        self.row().add(Column::ClaimedTime.eq(self.time)).add(Column::Answer.is_null())
    }

    fn row(&self) -> Condition {
        Condition::all().add(Column::Caller.eq(&self.caller)).add(Column::Key.eq(&self.key))
    }

    fn model(&self) -> Model {
        Model {
            caller: self.caller.clone(),
            key: self.key.clone(),
            request_digest: self.digest.clone(),
            answer: None,
            claimed_time: self.time,
            expires_time: self.time + KEPT,
        }
    }

    async fn insert(&self, scope: &Scope<'_>) -> Result<bool> {
        let nothing = OnConflict::columns([Column::Caller, Column::Key]).do_nothing().to_owned();
        let insert = Entity::insert(self.model().into_active_model()).on_conflict(nothing).try_insert();
        let inserted = insert.exec_without_returning(scope.tx).await?;
        Ok(matches!(inserted, TryInsertResult::Inserted(rows) if rows > 0))
    }
}

impl Write for Claim {
    /// The stored answer, if there is one.
    type Output = Option<JsonText>;

    async fn run(&self, scope: &Scope<'_>) -> Result<Self::Output> {
        if self.insert(scope).await? {
            return Ok(None);
        }
        let existing = Entity::find().filter(self.row()).lock_exclusive().one(scope.tx).await?;
        let Some(existing) = existing else {
            let busy = "the Idempotency-Key was given back in the same moment; send the request again";
            return Err(Error::Conflict(busy.into()));
        };
        let lapsed = existing.answer.is_none() && existing.claimed_time + CLAIM < self.time;
        if lapsed || existing.expires_time < self.time {
            let anew = self.model().into_active_model().reset_all();
            Entity::update_many().set(anew).filter(self.row()).exec(scope.tx).await?;
            return Ok(None);
        }
        match existing.answer {
            _ if existing.request_digest != self.digest => Err(Error::KeyReused),
            None => Err(Error::Conflict("a request with this Idempotency-Key is still running".into())),
            answer => Ok(answer),
        }
    }
}

struct Release(Claim);

impl Write for Release {
    type Output = ();

    async fn run(&self, scope: &Scope<'_>) -> Result<()> {
        Entity::delete_many().filter(self.0.held()).exec(scope.tx).await?;
        Ok(())
    }
}

/// Removes what is past its time. Answers how much that was.
pub async fn remove_expired(context: &Context) -> Result<u64> {
    context.write(RemoveExpired).await
}

struct RemoveExpired;

impl Write for RemoveExpired {
    type Output = u64;

    async fn run(&self, scope: &Scope<'_>) -> Result<u64> {
        let expired = Column::ExpiresTime.lt(scope.now());
        Ok(Entity::delete_many().filter(expired).exec(scope.tx).await?.rows_affected)
    }
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
