//! How large a request head may be.

use poem::{Endpoint, IntoResponse, Request, Response, Result};

use super::layer::Layer;
use super::refusal::Refusal;

/// Bytes that stand around each header field: colon, space and line end.
const FIELD_OVERHEAD: usize = 4;

/// Refuses requests whose address and header fields are too large together.
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
        next.call(request).await.map(IntoResponse::into_response)
    }
}
