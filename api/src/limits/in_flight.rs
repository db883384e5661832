//! How many requests are worked on at a time.

use poem::{Endpoint, IntoResponse, Request, Response, Result};
use tokio::sync::Semaphore;

use super::layer::Layer;
use super::refusal::Refusal;

/// What a refused client is told to wait, in seconds.
const RETRY_AFTER: u32 = 1;

/// Admits at most so many requests at a time and refuses the rest at once.
///
/// There is no queue: a request that waits here is late for its client, and the answer "busy" after a
/// millisecond lets the client go to another replica.
pub struct MaxInFlight(Semaphore);

impl MaxInFlight {
    /// Admits at most `max` requests at a time.
    pub fn new(max: usize) -> Self {
        Self(Semaphore::new(max.min(Semaphore::MAX_PERMITS)))
    }
}

impl Layer for MaxInFlight {
    async fn handle<E: Endpoint>(&self, request: Request, next: &E) -> Result<Response> {
        let Ok(_place) = self.0.try_acquire() else {
            return Err(Refusal::Overloaded { retry_after: RETRY_AFTER }.counted().into());
        };
        let _counted = InFlight::new();
        next.call(request).await.map(IntoResponse::into_response)
    }
}

/// Counts itself in the gauge while it lives, so that a dropped request is counted out too.
struct InFlight(metrics::Gauge);

impl InFlight {
    fn new() -> Self {
        let gauge = metrics::gauge!("hyperfleet_api_requests_in_flight");
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
