//! Layers that change how a request is read or what its response contains, and the one that converts panics.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use poem::http::header::{CONNECTION, CONTENT_LENGTH, HeaderName};
use poem::http::{HeaderValue, Method, StatusCode, Uri};
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use tokio::sync::watch;
use uuid::Uuid;

use super::gzip::measured;
use crate::problem::{ApiError, RefusalReason};

/// The header with the id of the request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header with the same id under the name that older clients read.
const OPERATION_ID: HeaderName = HeaderName::from_static("x-operation-id");

/// The maximum length of an id that is accepted from a client, in characters.
const MAX_LENGTH: usize = 128;

/// The id of a request, stored in its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(pub(crate) String);

/// Assigns an id to the request, and adds the headers `X-Request-ID` and `X-Operation-ID` to the response.
///
/// `make` creates the id if the request has none or one that is not suitable for a log.
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

/// Whether an id can be used unchanged in a log line and in a header.
fn is_sane(id: &str) -> bool {
    (1..=MAX_LENGTH).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Adds `Connection: close` to every response once the process is shutting down.
///
/// A client that keeps its connection open then sends its next request on a new connection, instead of finding the
/// connection closed after it has sent a request.
pub(crate) async fn close_when_stopping(
    next: Arc<impl Endpoint>,
    request: Request,
    stopping: watch::Receiver<bool>,
) -> Result<Response> {
    let mut response = next.call(request).await?.into_response();
    if *stopping.borrow() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// Responds to HEAD as to GET but without the body, with all headers of GET including `Content-Length`.
///
/// The router alone would also serve HEAD, but without the length.
pub(crate) async fn head_as_get(next: Arc<impl Endpoint>, mut request: Request) -> Result<Response> {
    if request.method() != Method::HEAD {
        return next.call(request).await.map(IntoResponse::into_response);
    }
    request.set_method(Method::GET);
    let mut response = next.call(request).await?.into_response();
    let (_, size) = measured(response.take_body());
    let has_length = !matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if let Some(size) = size.filter(|_| has_length) {
        response.headers_mut().insert(CONTENT_LENGTH, size.into());
    }
    Ok(response)
}

/// Converts a panic to an internal error. The message of the panic is logged as the cause.
///
/// Unwind safety is asserted: an operation shares only state that must survive a dropped request anyway (pools,
/// atomics), and its own state is dropped.
pub(crate) async fn catch_panic(next: Arc<impl Endpoint>, request: Request) -> Result<Response> {
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(outcome) => outcome.map(IntoResponse::into_response),
        Err(panic) => {
            let cause = format!("an operation panicked: {}", message(panic.as_ref()));
            Err(ApiError::internal(cause).refused_by(RefusalReason::Panicked).into())
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Removes one trailing slash from the path, except from the path `/` itself.
pub(crate) async fn trailing_slash(next: Arc<impl Endpoint>, mut request: Request) -> Result<Response> {
    if let Some(uri) = without_slash(request.uri()) {
        *request.uri_mut() = uri;
    }
    next.call(request).await.map(IntoResponse::into_response)
}

/// Returns the address without a trailing slash, or `None` if it has none.
fn without_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_suffix('/').filter(|path| !path.is_empty())?;
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_is_taken_off() {
        for (uri, expected) in [
            ("/", None),
            ("/a", None),
            ("/a/", Some("/a")),
            ("/a//", Some("/a/")),
            ("/a/?b=/", Some("/a?b=/")),
            ("/a?b=/", None),
            ("//", Some("/")),
            ("http://host/a/?b", Some("http://host/a?b")),
        ] {
            let shortened = without_slash(&uri.parse().expect("a URI"));
            assert_eq!(shortened.map(|uri| uri.to_string()).as_deref(), expected, "{uri}");
        }
    }
}
