//! Creates that can be repeated: the same key gets the same answer, from any replica.
//!
//! The key's row, the resource and the answer are written in one transaction, so all of them exist or none does.
//! A second request with the key waits for the row until the first has ended.

use crate::context::Context;
use crate::digest::digest;
use crate::error::{Error, Result};
use crate::model::Resource;
use crate::store::keys;
use crate::store::write::Tx;
use chrono::{DateTime, TimeDelta, Utc};
use entity::idempotency_key::Model;
use uuid::Uuid;

/// How long an answer is kept.
const RETENTION: TimeDelta = TimeDelta::hours(24);

/// An idempotency key of a request.
pub struct Key<'a> {
    caller: &'a str,
    key: &'a str,
    digest: String,
    answer: Answer<'a>,
}

/// Renders the answer that is stored and repeated.
type Answer<'a> = &'a (dyn Fn(&Resource) -> Result<String> + Sync);

impl<'a> Key<'a> {
    /// What requests with this key line up for: a request that is repeated while the first runs must not take a
    /// connection to wait for it.
    pub(crate) fn gate(&self) -> Uuid {
        Uuid::from_slice(&digest([self.caller, self.key])[..16]).unwrap_or_default()
    }

    /// `key` of a request of `caller` that is described by `parts`. `answer` renders the answer that is stored and
    /// repeated.
    pub fn new(caller: &'a str, key: &'a str, parts: &[&str], answer: Answer<'a>) -> Self {
        Self { caller, key, digest: format!("{:x}", digest(parts.iter().copied())), answer }
    }
}

/// Claims a key until the transaction ends. Answers what is stored for it, if it was completed before.
pub(crate) async fn claim(tx: &Tx, key: &Key<'_>, now: DateTime<Utc>) -> Result<Option<String>> {
    let row = Model {
        caller: key.caller.to_owned(),
        key: key.key.to_owned(),
        request_digest: key.digest.clone(),
        answer: None,
        claimed_time: now,
        expires_time: now + RETENTION,
    };
    let in_use = |error| match error {
        Error::Locked(_) => Error::KeyInUse,
        error => error,
    };
    if keys::claim(tx, row, now).await.map_err(in_use)? {
        return Ok(None);
    }
    match keys::find(tx, key.caller, key.key).await.map_err(in_use)? {
        Some(stored) if stored.request_digest != key.digest => Err(Error::KeyReused),
        Some(stored) => Ok(stored.answer),
        None => Err(Error::KeyInUse),
    }
}

/// Stores the answer, in the transaction that makes it true.
pub(crate) async fn complete(tx: &Tx, key: &Key<'_>, resource: &Resource) -> Result<()> {
    keys::complete(tx, key.caller, key.key, (key.answer)(resource)?).await
}

/// Removes keys that have expired. Answers how many there were.
pub async fn remove_expired(context: &Context) -> Result<u64> {
    let now = context.clock.now();
    Ok(context.write(|tx| async move { keys::remove_expired(&tx, now).await }).await?.value)
}
