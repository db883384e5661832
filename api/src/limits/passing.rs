//! The layers that let every request pass: they change how it is read, or what its answer says.

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
use crate::problem::ApiError;

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

/// Adds `Connection: close` to every answer once the process is stopping.
///
/// A client that holds its connection open then makes its next request elsewhere, instead of finding the connection
/// closed under a request it has just sent.
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

/// Answers HEAD as GET without the body, with the header fields of GET, `Content-Length` included.
///
/// The router alone would also serve HEAD, but would say nothing about the length.
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

/// Turns a panic into an internal error, whose cause in the log is what the panic said.
///
/// Unwind safety is asserted: an operation shares only what must survive a dropped request anyway (pools, atomics),
/// and its own state is gone with it.
pub(crate) async fn catch_panic(next: Arc<impl Endpoint>, request: Request) -> Result<Response> {
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(outcome) => outcome.map(IntoResponse::into_response),
        Err(panic) => {
            let cause = format!("an operation panicked: {}", message(panic.as_ref()));
            Err(ApiError::internal(cause).refused_by("panicked").into())
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Ignores one slash at the end of the path, but not in the path `/` itself.
pub(crate) async fn trailing_slash(next: Arc<impl Endpoint>, mut request: Request) -> Result<Response> {
    if let Some(uri) = without_slash(request.uri()) {
        *request.uri_mut() = uri;
    }
    next.call(request).await.map(IntoResponse::into_response)
}

/// The address without the slash, if there is one to take off.
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
