//! Request bodies: how large, how fast, how many bytes at a time.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use poem::http::HeaderMap;
use poem::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use poem::{Body, Endpoint, IntoResponse, Request, Response, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::layer::Layer;
use super::refusal::Refusal;

/// The granule in which [`BodyLimit`] counts memory, in bytes.
const UNIT: usize = 1024;

/// Room made for a body before its first byte has come, whatever length it claims.
const INITIAL_ROOM: usize = 16 * 1024;

/// A refused body is still received and thrown away up to this multiple of the limit.
const DRAIN_FACTOR: usize = 8;

/// What a client is told to wait when the memory for bodies is used up, in seconds.
const RETRY_AFTER: u32 = 1;

/// Reads the body of a request before its handler runs, within limits of size, time and memory.
///
/// Requests without a body pass untouched. A body with a `Content-Encoding` is refused unread: nothing
/// is ever inflated, so there is no decompression bomb. A `Content-Length` over the limit is refused at
/// once, a chunked body as soon as it is over.
pub struct BodyLimit {
    max_bytes: usize,
    total_time: Duration,
    stall_time: Duration,
    memory: Arc<Semaphore>,
}

impl BodyLimit {
    /// - `max_bytes`: the largest body.
    /// - `total_time`: time for the whole body.
    /// - `stall_time`: time for the next bytes of it.
    /// - `memory_bytes`: bodies held at a time, together; beyond that requests are refused as overload.
    pub fn new(max_bytes: usize, total_time: Duration, stall_time: Duration, memory_bytes: usize) -> Self {
        let memory = Arc::new(Semaphore::new((memory_bytes / UNIT).min(Semaphore::MAX_PERMITS)));
        Self { max_bytes, total_time, stall_time, memory }
    }

    /// Reads the body to its end. On refusal the rest of it is drained in the background: closing a
    /// connection with unread bytes resets it, and the client might never see why it was refused.
    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<(Bytes, OwnedSemaphorePermit), Refusal> {
        let mut stream = Box::pin(body.into_bytes_stream());
        let outcome = match self.check_head(headers) {
            Ok(()) => self.collect(&mut stream).await,
            Err(refusal) => Err(refusal),
        };
        if let Err(
            Refusal::BodyTooLarge { .. } | Refusal::UnsupportedEncoding { .. } | Refusal::Overloaded { .. },
        ) = outcome
        {
            let most = self.max_bytes.saturating_mul(DRAIN_FACTOR);
            tokio::spawn(drain(stream, most, self.total_time, self.stall_time));
        }
        outcome
    }

    fn check_head(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if !is_identity(headers) {
            return Err(Refusal::UnsupportedEncoding { accepted: "identity" });
        }
        match content_length(headers) {
            Some(length) if length > self.max_bytes as u64 => {
                Err(Refusal::BodyTooLarge { limit: self.max_bytes })
            }
            _ => Ok(()),
        }
    }

    async fn collect<S>(&self, stream: &mut S) -> Result<(Bytes, OwnedSemaphorePermit), Refusal>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Unpin,
    {
        let end = Instant::now() + self.total_time;
        let mut memory = self.reserve(0)?;
        let mut body = BytesMut::with_capacity(self.max_bytes.min(INITIAL_ROOM));
        loop {
            let next = timeout_at(end.min(Instant::now() + self.stall_time), stream.next()).await;
            let chunk = match next {
                Err(_) => return Err(Refusal::BodyTimeout),
                Ok(Some(Err(_))) => return Err(Refusal::BodyBroken),
                Ok(None) => return Ok((body.freeze(), memory)),
                Ok(Some(Ok(chunk))) => chunk,
            };
            let length = body.len() + chunk.len();
            if length > self.max_bytes {
                return Err(Refusal::BodyTooLarge { limit: self.max_bytes });
            }
            memory.merge(self.reserve(length.div_ceil(UNIT) - memory.num_permits())?);
            body.extend_from_slice(&chunk);
        }
    }

    fn reserve(&self, units: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let overloaded = Refusal::Overloaded { retry_after: RETRY_AFTER };
        let units = u32::try_from(units).map_err(|_| overloaded.clone())?;
        self.memory.clone().try_acquire_many_owned(units).map_err(|_| overloaded)
    }
}

impl Layer for BodyLimit {
    async fn handle<E: Endpoint>(&self, mut request: Request, next: &E) -> Result<Response> {
        let body = request.take_body();
        if body.is_empty() {
            return next.call(request).await.map(IntoResponse::into_response);
        }
        let (bytes, _memory) = self.read(request.headers(), body).await.map_err(Refusal::counted)?;
        request.set_body(bytes);
        next.call(request).await.map(IntoResponse::into_response)
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn is_identity(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().all(|value| {
        value.to_str().is_ok_and(|codings| {
            codings
                .split(',')
                .map(str::trim)
                .all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case("identity"))
        })
    })
}

/// Receives and drops at most `most` bytes.
async fn drain<S>(mut stream: S, mut most: usize, total_time: Duration, stall_time: Duration)
where
    S: Stream<Item = std::io::Result<Bytes>> + Unpin,
{
    let end = Instant::now() + total_time;
    while let Ok(Some(Ok(chunk))) = timeout_at(end.min(Instant::now() + stall_time), stream.next()).await {
        match most.checked_sub(chunk.len()) {
            Some(left) => most = left,
            None => return,
        }
    }
}
