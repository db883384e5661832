//! HEAD wherever there is GET.

use std::sync::Arc;

use poem::http::header::CONTENT_LENGTH;
use poem::http::{Method, StatusCode};
use poem::{Endpoint, IntoResponse, Request, Response, Result};

use super::gzip::measured;

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
