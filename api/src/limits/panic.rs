//! Panics in handlers.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use poem::{Endpoint, IntoResponse, Request, Response, Result};

use super::layer::Layer;
use super::refusal::Refusal;

/// Turns a panic into [`Refusal::Panicked`] and logs what it said.
///
/// Unwind safety is asserted: a handler shares only what must survive a dropped request anyway (pools,
/// atomics), and its own state is gone with it.
pub struct CatchPanic;

impl Layer for CatchPanic {
    async fn handle<E: Endpoint>(&self, request: Request, next: &E) -> Result<Response> {
        match AssertUnwindSafe(next.call(request)).catch_unwind().await {
            Ok(outcome) => outcome.map(IntoResponse::into_response),
            Err(panic) => {
                tracing::error!(panic = message(panic.as_ref()), "a handler panicked");
                Err(Refusal::Panicked.counted().into())
            }
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
