//! Creates that can be retried: the same key returns the same answer, from any replica.
//!
//! The row of the key, the resource and the answer are written in one transaction, so either all of them exist or
//! none. A second request with the key waits for the row until the first has ended.

use crate::context::Context;
use crate::digest::digest;
use crate::error::{Error, Result};
use crate::model::Resource;
use crate::store::keys;
use crate::store::write::Tx;
use chrono::TimeDelta;
use entity::idempotency_key::Model;
use uuid::Uuid;

/// The time for which an answer is stored.
const RETENTION: TimeDelta = TimeDelta::hours(24);

/// The idempotency key of a request.
pub struct Key<'a> {
    caller: &'a str,
    key: &'a str,
    digest: String,
    answer: Answer<'a>,
}

/// Renders the answer that is stored and repeated.
type Answer<'a> = &'a (dyn Fn(&Resource) -> Result<String> + Sync);

impl<'a> Key<'a> {
    /// Returns the id under which requests with this key wait at the gate: a request that is repeated while the
    /// first one is running must not hold a connection while it waits.
    pub(crate) fn gate(&self) -> Uuid {
        Uuid::from_slice(&digest([self.caller, self.key])[..16]).unwrap_or_default()
    }

    /// Creates the key `key` of a request of `caller`. `parts` describe the request. `answer` renders the answer
    /// that is stored and repeated.
    pub fn new(caller: &'a str, key: &'a str, parts: &[&str], answer: Answer<'a>) -> Self {
        Self { caller, key, digest: format!("{:x}", digest(parts.iter().copied())), answer }
    }
}

/// Claims a key until the transaction ends. Returns the stored answer if the key was completed before.
pub(crate) async fn claim(tx: &Tx, key: &Key<'_>) -> Result<Option<String>> {
    let now = tx.now();
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

/// Stores the answer, in the transaction that creates the resource.
pub(crate) async fn complete(tx: &Tx, key: &Key<'_>, resource: &Resource) -> Result<()> {
    keys::complete(tx, key.caller, key.key, (key.answer)(resource)?).await
}

/// Removes expired keys and returns their number.
pub async fn remove_expired(context: &Context) -> Result<u64> {
    let now = context.clock.now();
    Ok(context.write(|tx| async move { keys::remove_expired(&tx, now).await }).await?.value)
}
