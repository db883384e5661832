//! Waiting until a resource matches.

use crate::context::Context;
use crate::db::Consistency;
use crate::error::{Error, Result};
use crate::model::{Resource, Target};
use crate::resource;
use crate::search::filter::Filter;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Waits until the resource that a path names matches `filter`, for up to `time`. Returns the resource and whether it
/// matches.
///
/// # Errors
/// [`Error::NotFound`] as soon as it does not exist.
pub async fn wait_for(
    context: &Context,
    target: &Target,
    filter: &Filter,
    time: Duration,
) -> Result<(Resource, bool)> {
    let _follower = context.changes.follow();
    let (deadline, mut is_over) = (Instant::now() + time, false);
    loop {
        // A change beyond this head triggers another read once it is complete, even if the read below already includes
        // it.
        let head = context.changes.head().await?;
        let found = resource::get(context, Consistency::Strong, target).await?;
        let matches = filter.matches(&found)?;
        if matches || is_over {
            return Ok((found, matches));
        }
        let mut since = head.seq;
        let changed = async {
            loop {
                context.changes.wait_beyond(&head.log, since).await;
                let (changes, upto) = context.changes.after(context.db.primary(), &head.log, since).await?;
                if changes.iter().any(|change| change.row.resource_id == target.id) {
                    return Ok(());
                }
                since = upto;
            }
        };
        match timeout_at(deadline, changed).await {
            // `PositionGone` means that another log has begun or that the changes were removed: the resource is read
            // again.
            Ok(Ok(()) | Err(Error::PositionGone)) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => is_over = true,
        }
    }
}
