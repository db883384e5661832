//! How long a request may take.

use std::time::Duration;

use poem::{Endpoint, IntoResponse, Request, Response, Result};

use super::layer::Layer;
use super::refusal::Refusal;

/// Drops a handler that has not answered in time.
///
/// A read ends with it. A change goes on in a task of its own and may still take effect, so a client must treat
/// 504 as "unknown", as it must any lost answer.
pub struct Deadline(Duration);

impl Deadline {
    /// Allows each request `time`, its body included.
    pub fn new(time: Duration) -> Self {
        Self(time)
    }
}

impl Layer for Deadline {
    async fn handle<E: Endpoint>(&self, request: Request, next: &E) -> Result<Response> {
        match tokio::time::timeout(self.0, next.call(request)).await {
            Ok(outcome) => outcome.map(IntoResponse::into_response),
            Err(_) => Err(Refusal::DeadlinePassed.counted().into()),
        }
    }
}
