//! Panics in operations.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use poem::{Endpoint, IntoResponse, Request, Response, Result};

use crate::problem::ApiError;

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
