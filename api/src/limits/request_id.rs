//! The name of a request in logs and answers.

use std::sync::Arc;

use poem::http::HeaderValue;
use poem::http::header::HeaderName;
use poem::{Endpoint, Request, Response, Result};
use uuid::Uuid;

/// Carries the id of the request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Carries it too, under the name that older clients read.
const OPERATION_ID: HeaderName = HeaderName::from_static("x-operation-id");

/// The longest id taken from a caller, in characters.
const MAX_LENGTH: usize = 128;

/// The id of a request, found in its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(pub(crate) String);

/// Gives the request an id and the answer the header fields `X-Request-ID` and `X-Operation-ID`.
///
/// `make` makes an id for a request that brings none, or none that is fit for a log.
pub(crate) async fn request_ids(
    next: Arc<impl Endpoint>,
    mut request: Request,
    make: impl FnOnce() -> Uuid,
) -> Result<Response> {
    let sent = request.header(REQUEST_ID).filter(|id| is_sane(id));
    let id = sent.map_or_else(|| make().to_string(), str::to_owned);
    request.set_data(RequestId(id.clone()));
    let mut response = next.get_response(request).await;
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, value.clone());
        response.headers_mut().insert(OPERATION_ID, value);
    }
    Ok(response)
}

/// Whether an id can stand in a log line and a header field as it is.
fn is_sane(id: &str) -> bool {
    (1..=MAX_LENGTH).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}
