//! The limits of request bodies: size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use poem::http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, EXPECT};
use poem::http::{HeaderMap, StatusCode};
use poem::{Body, Endpoint, IntoResponse, Request, Response, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::problem::{ApiError, Code, RefusalReason};

/// The unit in which memory is counted, in bytes.
const UNIT_BYTES: usize = 1024;

/// The capacity that is allocated before the first byte of a body arrives, in bytes. It does not depend on the
/// `Content-Length`.
const INITIAL_CAPACITY: usize = 16 * 1024;

/// A refused body is still received and discarded, up to this multiple of the size limit.
const DRAIN_FACTOR: usize = 8;

/// The chunks of a body as they arrive.
type Stream = BoxStream<'static, std::io::Result<Bytes>>;

/// The limits of request bodies, and the memory that they share.
pub(crate) struct Bodies {
    /// The maximum size of a body, in bytes.
    max_bytes: usize,
    /// The maximum time until a body is complete.
    total_time: Duration,
    /// The maximum time until the next bytes of a body arrive.
    stall_time: Duration,
    memory: Arc<Semaphore>,
}

/// Reads the body of a request before its operation runs, within limits of size, time and memory.
///
/// Requests without a body pass unchanged. A body with a `Content-Encoding` is refused unread: nothing is ever
/// decompressed, so decompression bombs are impossible. A `Content-Length` above the limit is refused immediately, a
/// chunked body as soon as it exceeds the limit.
pub(crate) async fn read_body(
    next: Arc<impl Endpoint>,
    mut request: Request,
    bodies: Arc<Bodies>,
) -> Result<Response> {
    let body = request.take_body();
    if body.is_empty() {
        return next.call(request).await.map(IntoResponse::into_response);
    }
    let (bytes, _memory) = bodies.read(request.headers(), body).await?;
    request.set_body(bytes);
    next.call(request).await.map(IntoResponse::into_response)
}

impl Bodies {
    /// Creates the limits.
    ///
    /// - `max_bytes`: the maximum size of a body.
    /// - `total_time`: the maximum time until a body is complete.
    /// - `stall_time`: the maximum time until the next bytes of a body arrive.
    /// - `memory_bytes`: the maximum size of all bodies that are held at the same time. Further requests are refused
    ///   as overload.
    pub(crate) fn new(
        max_bytes: usize,
        total_time: Duration,
        stall_time: Duration,
        memory_bytes: usize,
    ) -> Arc<Self> {
        let memory = Arc::new(Semaphore::new((memory_bytes / UNIT_BYTES).min(Semaphore::MAX_PERMITS)));
        Arc::new(Self { max_bytes, total_time, stall_time, memory })
    }

    /// Reads the complete body.
    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<(Bytes, OwnedSemaphorePermit), ApiError> {
        let mut stream = body.into_bytes_stream().boxed();
        let outcome = match self.check_fields(headers) {
            Ok(()) => self.collect(&mut stream).await,
            Err(refusal) => Err(refusal),
        };
        // A body that timed out is not drained, because that would mean to wait for its client again.
        if outcome.as_ref().is_err_and(|refusal| refusal.status != StatusCode::REQUEST_TIMEOUT) {
            self.drain(stream);
        }
        outcome
    }

    fn check_fields(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        if !is_identity(headers) {
            let detail = "The Content-Encoding of the request is not supported";
            let error = ApiError::malformed(detail).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
            let error = error.with_header(ACCEPT_ENCODING, "identity");
            return Err(error.refused_by(RefusalReason::UnsupportedEncoding));
        }
        match content_length(headers) {
            Some(length) if length > self.max_bytes as u64 => Err(self.too_large()),
            _ => Ok(()),
        }
    }

    async fn collect(&self, stream: &mut Stream) -> Result<(Bytes, OwnedSemaphorePermit), ApiError> {
        let end = Instant::now() + self.total_time;
        let mut memory = self.reserve(0)?;
        let mut body = BytesMut::with_capacity(self.max_bytes.min(INITIAL_CAPACITY));
        loop {
            let next = timeout_at(end.min(Instant::now() + self.stall_time), stream.next()).await;
            let chunk = match next {
                Err(_) => {
                    let detail = "The request body did not arrive in time";
                    let error =
                        ApiError::new(Code::BAD_REQUEST, detail).with_status(StatusCode::REQUEST_TIMEOUT);
                    return Err(closing(error).refused_by(RefusalReason::BodyTimeout));
                }
                Ok(Some(Err(_))) => {
                    let error = ApiError::malformed("The request body ended early or has invalid framing");
                    return Err(closing(error).refused_by(RefusalReason::BodyBroken));
                }
                Ok(None) => return Ok((body.freeze(), memory)),
                Ok(Some(Ok(chunk))) => chunk,
            };
            let length = body.len() + chunk.len();
            if length > self.max_bytes {
                return Err(self.too_large());
            }
            memory.merge(self.reserve(length.div_ceil(UNIT_BYTES) - memory.num_permits())?);
            body.extend_from_slice(&chunk);
        }
    }

    fn reserve(&self, units: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        let units = u32::try_from(units).map_err(|_| ApiError::overloaded())?;
        self.memory.clone().try_acquire_many_owned(units).map_err(|_| ApiError::overloaded())
    }

    fn too_large(&self) -> ApiError {
        let detail = format!("The request body is larger than {} bytes", self.max_bytes);
        ApiError::malformed(detail)
            .with_status(StatusCode::PAYLOAD_TOO_LARGE)
            .refused_by(RefusalReason::BodyTooLarge)
    }

    /// Removes the body of a request that no operation reads, and receives and discards it.
    pub(crate) fn discard(&self, request: &mut Request) {
        let body = request.take_body();
        // A client that sent `Expect` sends its body only after the server starts to read it, so its body is not
        // drained.
        if !body.is_empty() && !request.headers().contains_key(EXPECT) {
            self.drain(body.into_bytes_stream().boxed());
        }
    }

    /// Receives the rest of a body in the background. Closing a connection with unread bytes resets it, and the
    /// client might not receive the error response.
    fn drain(&self, mut stream: Stream) {
        let mut most = self.max_bytes.saturating_mul(DRAIN_FACTOR);
        let (end, stall_time) = (Instant::now() + self.total_time, self.stall_time);
        tokio::spawn(async move {
            while let Ok(Some(Ok(chunk))) =
                timeout_at(end.min(Instant::now() + stall_time), stream.next()).await
            {
                match most.checked_sub(chunk.len()) {
                    Some(left) => most = left,
                    None => return,
                }
            }
        });
    }
}

/// Closes the connection after the response, because the unread rest of the body would precede the next request.
fn closing(error: ApiError) -> ApiError {
    error.with_header(CONNECTION, "close")
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
