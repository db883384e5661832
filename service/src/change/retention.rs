//! Removal of old changes from the log.

use crate::context::Context;
use crate::error::Result;
use crate::store::changes;
use chrono::TimeDelta;

/// The maximum number of changes that one transaction removes.
const BATCH_SIZE: u64 = 5_000;

/// How long and how many changes are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// The maximum age of a change.
    pub time: TimeDelta,
    /// The approximate maximum number of changes.
    pub max_changes: i64,
}

/// Removes the changes that exceed `retention`, oldest first. Several processes may run this at the same time.
pub async fn remove_old(context: &Context, retention: Retention) -> Result<()> {
    let before = context.clock.now() - retention.time;
    loop {
        let last = changes::last(context.db.primary()).await?;
        let oldest = changes::oldest(context.db.primary(), BATCH_SIZE).await?;
        let old = oldest
            .iter()
            .take_while(|(seq, time)| *time < before || *seq <= last - retention.max_changes)
            .last();
        let Some((upto, _)) = old.copied() else { return Ok(()) };
        context.write(|tx| async move { changes::remove(&tx, upto).await }).await?;
        if upto < oldest.last().map_or(0, |(seq, _)| *seq) {
            return Ok(());
        }
    }
}
