//! What is removed from the log of changes, and when.

use crate::context::Context;
use crate::error::Result;
use crate::store::changes;
use chrono::TimeDelta;

/// Changes removed by one transaction.
const BATCH: u64 = 5_000;

/// How long changes are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// For so long,
    pub time: TimeDelta,
    /// but never more than about so many.
    pub max_changes: i64,
}

/// Removes changes that are older, the oldest first. Several processes may do so at a time.
pub async fn remove_old(context: &Context, retention: Retention) -> Result<()> {
    let before = context.clock.now() - retention.time;
    loop {
        let last = changes::last(context.db.primary()).await?;
        let oldest = changes::oldest(context.db.primary(), BATCH).await?;
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
