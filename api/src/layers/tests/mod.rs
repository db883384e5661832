//! Tests of the layers. Those that concern connections use a real server; the others call the endpoint.

mod answers;
mod body;
mod gzip;
mod load;
mod origin;

use std::sync::Arc;

use poem::{Endpoint, IntoResponse, Request, Response};

use crate::dto::Time;
use crate::problem::{ApiError, of_poem};

/// A request without a body.
fn get(path: &str) -> Request {
    Request::builder().uri(path.parse().expect("a URI")).header("host", "test").finish()
}

/// Returns the refusal of `request` by `endpoint`.
async fn refusal<E: Endpoint>(endpoint: &E, request: Request) -> ApiError {
    let error = endpoint.call(request).await.err().expect("a refusal");
    error.downcast().expect("a refusal and no other error")
}

/// Renders refusals, as the middleware does around all limits.
async fn documented(next: Arc<impl Endpoint>, request: Request) -> poem::Result<Response> {
    let answer = |error| of_poem(error, "/").into_answer("/", "test", Time(chrono::DateTime::UNIX_EPOCH));
    Ok(next.call(request).await.map_or_else(answer, IntoResponse::into_response))
}
