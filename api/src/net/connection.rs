//! What a connection is doing: working on requests, or lying idle.

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

/// The largest part of an answer handed to the HTTP server at a time, in bytes. The server asks for the next one when
/// the peer has taken most of what it was sent.
const PART: usize = 64 * 1024;

/// What a listener grants its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections open at a time. Keep it below the limit of open files, and mind that a connection may make the
    /// HTTP parser buffer a head of up to 400 KiB.
    pub max_connections: usize,
    /// Time from the opening of a connection, TLS handshake included, to the end of its first request head.
    pub header_timeout: Duration,
    /// Time a connection may be idle between requests, the head of the next one included, and time it may take to
    /// read the next 64 KiB of an answer.
    pub idle_timeout: Duration,
    /// Requests that one HTTP/2 connection may have open at a time.
    pub max_streams: u32,
    /// Largest list of header fields of an HTTP/2 request, in bytes.
    pub max_header_bytes: u32,
}

/// The activity of one connection, shared with its requests and its listener.
///
/// A connection is busy while this side owes it something: an answer, or the next part of one. Otherwise it is idle,
/// whatever frames the peer sends, and also while the peer does not read its answer.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Answers and parts of answers that are being made.
    owed: usize,
    /// When the last of them was handed over; at first when the connection was accepted.
    idle_since: Instant,
    /// Whether a request has arrived.
    used: bool,
}

impl Activity {
    /// The activity of a connection that has just been accepted.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { owed: 0, idle_since: Instant::now(), used: false })))
    }

    /// Makes the connection busy until the value is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        let mut state = self.0.lock();
        state.owed += 1;
        state.used = true;
        Busy(self.clone())
    }

    /// Since when the connection is idle; `None` while it is busy.
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
            // While it is busy there is nothing to wait for but the next look.
            let deadline = self.idle_since().unwrap_or_else(now) + allowed;
            if deadline <= now() {
                return;
            }
            // The first request may end the longer of the two waits.
            sleep_until(deadline.min(now() + limits.idle_timeout)).await;
        }
    }
}

/// Something that this side owes to the peer.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        state.owed -= 1;
        state.idle_since = Instant::now();
    }
}

/// The body of an answer, which keeps its connection busy while the next part of it is being made.
pub(super) struct AnswerBody {
    body: BoxBody<Bytes, io::Error>,
    /// What is left of the current frame.
    rest: Bytes,
    activity: Arc<Activity>,
    busy: Option<Busy>,
}

impl AnswerBody {
    /// The body of an answer on a connection with this activity.
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
                // Nobody here sends trailers.
                Some(Ok(frame)) => this.rest = frame.into_data().unwrap_or_default(),
                end => {
                    this.busy = None;
                    return Poll::Ready(end);
                }
            }
        }
        // Until the server asks again, it is the peer's turn to read.
        this.busy = None;
        let part = this.rest.split_to(this.rest.len().min(PART));
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    /// The server asks before it takes the first part, when there is no rest.
    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
