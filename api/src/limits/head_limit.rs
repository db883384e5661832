//! How large a request head may be, and what must be readable in it.

use poem::{Endpoint, IntoResponse, Request, Response, Result};

use super::layer::Layer;
use super::refusal::Refusal;

/// Bytes that stand around each header field: colon, space and line end.
const FIELD_OVERHEAD: usize = 4;

/// Header fields that decide what is done. Taken for absent when it cannot be read, a precondition would let
/// a lost update pass, and an idempotency key a second creation.
const DECISIVE: [&str; 3] = ["If-Match", "If-None-Match", "Idempotency-Key"];

/// Refuses requests whose address and header fields are too large together, or whose decisive header fields
/// hold bytes that are no visible ASCII.
///
/// The HTTP parser has bounds of its own, which cannot be set: it answers 414 to an address over
/// 64 KiB and 431 to a head over about 400 KiB or 100 fields.
pub struct HeadLimit(usize);

impl HeadLimit {
    /// Allows `max_bytes` of address and header fields.
    pub fn new(max_bytes: usize) -> Self {
        Self(max_bytes)
    }
}

impl Layer for HeadLimit {
    async fn handle<E: Endpoint>(&self, request: Request, next: &E) -> Result<Response> {
        let fields = request.headers().iter();
        let fields: usize =
            fields.map(|(name, value)| name.as_str().len() + value.len() + FIELD_OVERHEAD).sum();
        let uri = request.uri();
        let address = uri.path().len() + uri.query().map_or(0, str::len);
        if fields + address > self.0 {
            return Err(Refusal::HeadTooLarge { limit: self.0 }.counted().into());
        }
        let unreadable =
            |name: &str| request.headers().get_all(name).iter().any(|value| value.to_str().is_err());
        if let Some(name) = DECISIVE.into_iter().find(|name| unreadable(name)) {
            return Err(Refusal::HeadUnreadable { name }.counted().into());
        }
        next.call(request).await.map(IntoResponse::into_response)
    }
}
