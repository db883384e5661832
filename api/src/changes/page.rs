//! Changes as a single JSON response.

use super::MAX_EVENTS;
use super::event::{serialization_error, shown};
use super::query::ChangeRequest;
use crate::dto::ChangeList;
use crate::problem::ApiResult;
use entity::JsonText;
use service::change::Feed;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The size of a response in bytes at which no further events are read. The last batch may exceed it.
const MAX_PAGE_BYTES: usize = 8 << 20;
/// The maximum time that a response searches for matching events before it returns the position reached.
const READ_TIMEOUT: Duration = Duration::from_secs(1);

/// Reads a page of events. If there is none, waits as long as the request specifies, unless the server shuts down.
pub async fn page(
    feed: &mut Feed,
    request: &ChangeRequest,
    mut stopping: watch::Receiver<bool>,
) -> ApiResult<ChangeList> {
    let until = Instant::now() + request.wait;
    let (mut items, mut bytes) = (Vec::new(), 0);
    let mut read_until = Instant::now() + READ_TIMEOUT;
    while items.len() < request.limit && bytes < MAX_PAGE_BYTES {
        for event in feed.next(MAX_EVENTS.min(request.limit - items.len())).await? {
            let event = shown(&event, request.selection.as_ref())?;
            let event = JsonText::of(&event).map_err(serialization_error)?;
            bytes += event.as_str().len();
            items.push(event);
        }
        if feed.has_more() {
            if Instant::now() > read_until {
                break;
            }
            continue;
        }
        if !items.is_empty() {
            break;
        }
        tokio::select! {
            () = feed.wait_for_more() => {}
            () = sleep_until(until) => break,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        }
        read_until = Instant::now() + READ_TIMEOUT;
    }
    Ok(ChangeList { kind: "ChangeList", items, next: feed.position().to_string(), more: feed.has_more() })
}
