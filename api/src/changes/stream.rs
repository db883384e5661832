//! Changes as a stream, which ends at its timeout, at the expiry of its token, or when the server shuts down.

use super::MAX_EVENTS;
use super::event::{serialization_error, shown};
use super::query::ChangeRequest;
use crate::call::Call;
use crate::dto::Time;
use crate::fields::Selection;
use crate::layers::WaitingRequest;
use crate::problem::{ApiError, ApiResult, Problem};
use crate::telemetry::RequestContext;
use bytes::Bytes;
use futures_util::stream;
use poem::{Body, IntoResponse, Response};
use poem_openapi::payload::Payload;
use poem_openapi::registry::MetaSchemaRef;
use poem_openapi::types::Type;
use serde::Serialize;
use service::change::Feed;
use service::{BASE_PATH, Clock};
use std::io;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The size of a part in bytes at which no further events are added. The last batch may exceed it.
const MAX_PART_BYTES: usize = 256 << 10;
/// The number of moments per second at which bookmarks are due. Streams share these moments, because waking up costs
/// more than sending a bookmark.
const SLOTS_PER_SECOND: u32 = 10;

/// Rounds `due` up to the next moment at which the bookmarks of other streams are due as well.
fn aligned(due: Instant) -> Instant {
    let slot = Duration::from_secs(1) / SLOTS_PER_SECOND;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    due + slot - Duration::from_nanos((since.as_nanos() % slot.as_nanos()) as u64)
}

/// The frames of a stream.
pub struct Frames(pub Body);

impl Payload for Frames {
    const CONTENT_TYPE: &'static str = "application/octet-stream";

    fn schema_ref() -> MetaSchemaRef {
        String::schema_ref()
    }
}

impl IntoResponse for Frames {
    fn into_response(self) -> Response {
        // Prevents proxies from buffering events.
        self.0.with_header("X-Accel-Buffering", "no").into_response()
    }
}

/// The format of the frames of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One JSON document per line.
    Lines,
    /// Server-sent events.
    Events,
}

/// A bookmark in a stream.
#[derive(Serialize)]
struct Bookmark<'a> {
    r#type: &'static str,
    position: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<&'static str>,
}

/// The error with which a stream ends.
#[derive(Serialize)]
struct Failure {
    r#type: &'static str,
    problem: Problem,
}

/// A stream of changes to one client.
pub struct ChangeStream {
    feed: Feed,
    framing: Framing,
    selection: Option<Selection>,
    bookmark: Duration,
    next_bookmark: Instant,
    ends: Instant,
    expires: Option<Instant>,
    stopping: watch::Receiver<bool>,
    clock: Clock,
    trace_id: String,
    begun: bool,
    ended: bool,
    _counted: WaitingRequest,
}

impl ChangeStream {
    /// Creates a stream of the events that `feed` yields.
    pub(crate) fn new(
        feed: Feed,
        request: ChangeRequest,
        framing: Framing,
        call: &Call<'_>,
        counted: WaitingRequest,
    ) -> Self {
        let now = Instant::now();
        let left = |expires: SystemTime| expires.duration_since(SystemTime::now()).unwrap_or_default();
        // A stream that does not begin with the current state starts with a bookmark, so that the client can resume
        // from it. The bookmark also makes proxies forward the response head that they hold until data follows.
        let next_bookmark = if feed.is_snapshot() { now + request.bookmark } else { now };
        Self {
            feed,
            framing,
            selection: request.selection,
            bookmark: request.bookmark,
            next_bookmark,
            ends: now + request.timeout,
            // An expiry that is out of range counts as none.
            expires: call.caller.expires.and_then(|expires| now.checked_add(left(expires))),
            stopping: call.app.stopping.clone(),
            clock: call.app.context.clock.clone(),
            trace_id: RequestContext::request_id().unwrap_or_default(),
            begun: false,
            ended: false,
            _counted: counted,
        }
    }

    /// Returns the response body. Events are read only as fast as the client receives them.
    pub fn into_body(self) -> Body {
        let parts = stream::unfold(self, |mut stream| async move {
            let part = stream.part().await?;
            Some((Ok::<_, io::Error>(Bytes::from(part)), stream))
        });
        Body::from_bytes_stream(parts)
    }

    /// Returns the next part, or `None` at the end.
    async fn part(&mut self) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        let mut part = Vec::new();
        if !std::mem::replace(&mut self.begun, true) && self.framing == Framing::Events {
            // Random, so that clients do not all reconnect at the same time.
            part.extend(format!("retry: {}\n\n", rand::random_range(1000..5000)).bytes());
        }
        while part.is_empty() || (part.len() < MAX_PART_BYTES && !self.ended && self.feed.has_more()) {
            if let Err(error) = self.append(&mut part).await {
                self.ended = true;
                self.fail(&mut part, error);
            }
        }
        Some(part)
    }

    /// Appends the next frames, or waits if there are none.
    async fn append(&mut self, part: &mut Vec<u8>) -> ApiResult<()> {
        if let Some(reason) = self.end() {
            self.ended = true;
            return self.mark(part, None, Some(reason));
        }
        let was_initial = self.feed.is_snapshot();
        let mut sent = false;
        // Boxed, so that a waiting stream does not reserve the memory needed to read the database.
        for event in Box::pin(self.feed.next(MAX_EVENTS)).await? {
            let event = shown(&event, self.selection.as_ref())?;
            self.frame(part, event.r#type.as_str(), Some(&event.position), &event)?;
            sent = true;
        }
        if was_initial && !self.feed.is_snapshot() {
            return self.mark(part, Some("end"), None);
        }
        if Instant::now() >= self.next_bookmark {
            return self.mark(part, None, None);
        }
        if sent || !part.is_empty() || self.feed.has_more() {
            // Yields, so that reading many events that do not match does not block other tasks.
            tokio::task::yield_now().await;
            return Ok(());
        }
        let end = self.expires.map_or(self.ends, |expires| expires.min(self.ends));
        tokio::select! {
            () = self.feed.wait_for_more() => {}
            () = sleep_until(self.next_bookmark.min(end)) => {}
            _ = self.stopping.wait_for(|stopping| *stopping) => {}
        }
        Ok(())
    }

    /// Returns the reason if the stream must end now.
    fn end(&self) -> Option<&'static str> {
        let now = Instant::now();
        if *self.stopping.borrow() {
            Some("shutdown")
        } else if self.expires.is_some_and(|expires| now >= expires) {
            Some("token_expired")
        } else if now >= self.ends {
            Some("timeout")
        } else {
            None
        }
    }

    /// Appends a bookmark with the current position.
    fn mark(
        &mut self,
        part: &mut Vec<u8>,
        initial: Option<&'static str>,
        end: Option<&'static str>,
    ) -> ApiResult<()> {
        self.next_bookmark = aligned(Instant::now() + self.bookmark);
        let position = self.feed.position().to_string();
        let bookmark = Bookmark { r#type: "BOOKMARK", position: &position, initial, end };
        self.frame(part, bookmark.r#type, Some(&position), &bookmark)
    }

    fn fail(&self, part: &mut Vec<u8>, error: ApiError) {
        if let Some(cause) = &error.cause {
            tracing::warn!(cause, request_id = self.trace_id, "a stream of changes failed");
        }
        let instance = format!("{BASE_PATH}/changes");
        let (problem, _) = error.into_problem(&instance, &self.trace_id, Time(self.clock.now()));
        let failure = Failure { r#type: "ERROR", problem };
        // The frame consists of strings and numbers, so serializing it cannot fail.
        let _ = self.frame(part, failure.r#type, None, &failure);
    }

    fn frame<T: Serialize>(
        &self,
        part: &mut Vec<u8>,
        name: &str,
        position: Option<&str>,
        value: &T,
    ) -> ApiResult<()> {
        if self.framing == Framing::Events {
            let id = position.map(|position| format!("id: {position}\n")).unwrap_or_default();
            part.extend(format!("event: {name}\n{id}data: ").bytes());
        }
        serde_json::to_writer(&mut *part, value).map_err(serialization_error)?;
        part.extend(if self.framing == Framing::Events { "\n\n" } else { "\n" }.bytes());
        Ok(())
    }
}
