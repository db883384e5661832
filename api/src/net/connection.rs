//! The activity of a connection: whether it handles requests or is idle.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::BoxBody;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

/// The maximum size of a part of a response that is passed to the HTTP server, in bytes. The server polls for the next
/// part when the peer has read most of the data sent so far.
const MAX_PART_BYTES: usize = 64 * 1024;

/// The limits that a listener applies to its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// The maximum number of open connections. It must be below the limit of open files. A connection may make the HTTP
    /// parser buffer a head of up to 400 KiB.
    pub max_connections: usize,
    /// The maximum time from the opening of a connection, including the TLS handshake, to the end of its first request
    /// head.
    pub header_timeout: Duration,
    /// The maximum idle time of a connection between requests, including the head of the next one, and the maximum time
    /// for the peer to read the next 64 KiB of a response.
    pub idle_timeout: Duration,
    /// The maximum number of open requests on one HTTP/2 connection.
    pub max_streams: u32,
    /// The maximum size of the header fields of an HTTP/2 request, in bytes.
    pub max_header_bytes: u32,
}

/// The activity of one connection, shared with its requests and its listener.
///
/// A connection is busy while this side produces a response or the next part of one. Otherwise it is idle, regardless
/// of the frames that the peer sends. It is also idle while the peer does not read its response.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    /// The number of responses and parts of responses that are being produced.
    owed: usize,
    /// When the last of them was passed on; initially when the connection was accepted.
    idle_since: Instant,
    /// Whether a request has arrived.
    used: bool,
}

impl Activity {
    /// Creates the activity of a connection that has just been accepted.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { owed: 0, idle_since: Instant::now(), used: false })))
    }

    /// Makes the connection busy until the returned value is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        let mut state = self.0.lock();
        state.owed += 1;
        state.used = true;
        Busy(self.clone())
    }

    /// Returns the time since which the connection has been idle, or `None` while it is busy.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.0.lock();
        (state.owed == 0).then_some(state.idle_since)
    }

    /// Resolves when the connection has been idle for too long.
    pub(super) async fn expired(&self, limits: &ConnectionLimits) {
        let now = Instant::now;
        loop {
            let used = self.0.lock().used;
            let allowed = if used { limits.idle_timeout } else { limits.header_timeout };
            // A busy connection cannot expire. It is only checked again later.
            let deadline = self.idle_since().unwrap_or_else(now) + allowed;
            if deadline <= now() {
                return;
            }
            // The first request may replace the header timeout by a shorter idle timeout.
            sleep_until(deadline.min(now() + limits.idle_timeout)).await;
        }
    }
}

/// Keeps a connection busy while a response or a part of one is produced.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        state.owed -= 1;
        state.idle_since = Instant::now();
    }
}

/// The body of a response, which keeps its connection busy while the next part is produced.
pub(super) struct AnswerBody {
    body: BoxBody<Bytes, io::Error>,
    /// The remainder of the current frame.
    rest: Bytes,
    activity: Arc<Activity>,
    busy: Option<Busy>,
}

impl AnswerBody {
    /// Wraps the body of a response on a connection with this activity.
    pub(super) fn new(body: BoxBody<Bytes, io::Error>, activity: Arc<Activity>) -> Self {
        Self { body, rest: Bytes::new(), activity, busy: None }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        this.busy.get_or_insert_with(|| this.activity.begin());
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                // This service sends no trailers.
                Some(Ok(frame)) => this.rest = frame.into_data().unwrap_or_default(),
                end => {
                    this.busy = None;
                    return Poll::Ready(end);
                }
            }
        }
        // Until the server polls again, the peer is expected to read.
        this.busy = None;
        let part = this.rest.split_to(this.rest.len().min(MAX_PART_BYTES));
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    /// The server queries this before it polls for the first part, while `rest` is empty.
    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
