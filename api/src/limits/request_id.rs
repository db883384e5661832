//! The name of a request in logs and answers.

use poem::http::HeaderValue;
use poem::http::header::HeaderName;
use poem::{Endpoint, Request, Response, Result};
use uuid::Uuid;

use super::layer::Layer;

/// Carries the id of the request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Carries it too, under the name that older clients read.
pub const OPERATION_ID: HeaderName = HeaderName::from_static("x-operation-id");

/// The longest id taken from a caller, in characters.
const MAX_LENGTH: usize = 128;

/// The id of a request, found in its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// Gives every request an id and every answer the header fields `X-Request-ID` and `X-Operation-ID`.
///
/// It stands outermost. An error that comes this far has passed the renderer of errors and is turned
/// into the framework's own answer, so that this one has the id too.
pub struct RequestIds {
    make: Box<dyn Fn() -> Uuid + Send + Sync>,
}

impl RequestIds {
    /// `make` makes an id for the requests that bring none, or none that is fit for a log.
    pub fn new(make: impl Fn() -> Uuid + Send + Sync + 'static) -> Self {
        Self { make: Box::new(make) }
    }
}

impl Layer for RequestIds {
    async fn handle<E: Endpoint>(&self, mut request: Request, next: &E) -> Result<Response> {
        let id = match request.header(REQUEST_ID).filter(|id| is_sane(id)) {
            Some(id) => id.to_owned(),
            None => (self.make)().to_string(),
        };
        request.set_data(RequestId(id.clone()));
        let mut response = next.get_response(request).await;
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value.clone());
            response.headers_mut().insert(OPERATION_ID, value);
        }
        Ok(response)
    }
}

/// Whether an id can stand in a log line and a header field as it is.
fn is_sane(id: &str) -> bool {
    (1..=MAX_LENGTH).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}
