//! Changes as one answer.

use super::EVENTS;
use super::event::{shown, unprintable};
use super::query::ChangeRequest;
use crate::dto::{ChangeKind, ChangeList};
use crate::problem::ApiResult;
use poem::http::header;
use poem::{IntoResponse, Response};
use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use service::change::Feed;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Bytes of events in an answer. An event that is larger goes alone.
const PAGE: usize = 8 << 20;
/// How long an answer looks for events that match before it says how far it came.
const LOOK: Duration = Duration::from_secs(1);

/// Reads what there is of a page. If that is nothing, waits as long as the request asks, unless the server stops.
pub async fn page(
    feed: &mut Feed,
    request: &ChangeRequest,
    mut stopping: watch::Receiver<bool>,
) -> ApiResult<ChangeList> {
    let until = Instant::now() + request.wait;
    let (mut items, mut count) = (Vec::new(), 0);
    let mut look_until = Instant::now() + LOOK;
    while count < request.limit && items.len() < PAGE {
        for event in feed.next(EVENTS.min(request.limit - count)).await? {
            if count > 0 {
                items.push(b',');
            }
            serde_json::to_writer(&mut items, &shown(&event, request.selection.as_ref())?)
                .map_err(unprintable)?;
            count += 1;
        }
        if feed.has_more() {
            if Instant::now() > look_until {
                break;
            }
            continue;
        }
        if count > 0 {
            break;
        }
        tokio::select! {
            () = feed.more() => {}
            () = sleep_until(until) => break,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        }
        look_until = Instant::now() + LOOK;
    }
    Ok(ChangeList { items, next: feed.position().to_string(), more: feed.has_more() })
}

impl IntoResponse for ChangeList {
    fn into_response(self) -> Response {
        let mut body = br#"{"kind":"ChangeList","items":["#.to_vec();
        body.extend(self.items);
        // Positions are digits, letters and dashes.
        body.extend(format!(r#"],"next":"{}","more":{}}}"#, self.next, self.more).bytes());
        Response::builder()
            .content_type("application/json")
            .header(header::CACHE_CONTROL, "no-store")
            .body(body)
    }
}

impl Payload for ChangeList {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        <Self as Type>::schema_ref()
    }

    fn register(registry: &mut Registry) {
        <Self as Type>::register(registry);
        ChangeKind::register(registry);
    }
}
