//! The number of unreconciled resources, and since when they are unreconciled.

use crate::context::Context;
use crate::db::Consistency;
use crate::error::Result;
use crate::kind::Kind;
use crate::metrics;
use crate::store::counts;
use crate::store::reader::Reader;
use chrono::{DateTime, TimeDelta, Utc};

/// Counts the unreconciled resources and sets the gauges. A resource that is unreconciled for longer than
/// `threshold` is stuck.
pub async fn sample(context: &Context, threshold: TimeDelta) -> Result<()> {
    let now = context.clock.now();
    let stuck_before = now.checked_sub_signed(threshold).unwrap_or(DateTime::<Utc>::MIN_UTC);
    for kind in Kind::ALL {
        let count =
            |reader: Reader| async move { counts::unreconciled(reader.executor(), kind, stuck_before).await };
        let rows = context.read(Consistency::Eventual, count).await?;
        for is_delete in [false, true] {
            metrics::publish(kind, is_delete, rows.iter().find(|row| row.is_delete == is_delete), now);
        }
    }
    Ok(())
}
