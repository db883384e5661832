//! How long a request may take.

use std::sync::Arc;
use std::time::Duration;

use poem::http::StatusCode;
use poem::{Endpoint, IntoResponse, Request, Response, Result};

use crate::problem::{ApiError, Code};

/// Drops an operation that has not answered in `time`. The body of its answer may take longer.
///
/// A read ends with it. A change goes on in a task of its own and may still take effect, so a client must treat 504
/// as "unknown", as it must any lost answer.
pub(crate) async fn deadline(next: Arc<impl Endpoint>, request: Request, time: Duration) -> Result<Response> {
    match tokio::time::timeout(time, next.call(request)).await {
        Ok(outcome) => outcome.map(IntoResponse::into_response),
        Err(_) => {
            let error =
                ApiError::new(StatusCode::GATEWAY_TIMEOUT, Code::Timeout, "the request took too long");
            Err(error.refused_by("deadline_passed").into())
        }
    }
}
