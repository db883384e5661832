//! How many requests are worked on at a time.

use std::sync::Arc;

use metrics::{Gauge, gauge};
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use tokio::sync::Semaphore;

use crate::problem::ApiError;

/// The places for requests that are worked on.
pub(crate) struct InFlight(Semaphore);

impl InFlight {
    /// Places for `max` requests.
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self(Semaphore::new(max.min(Semaphore::MAX_PERMITS))))
    }
}

/// Admits a request if there is a place and refuses it at once if there is none.
///
/// There is no queue: a request that waits here is late for its client, and the answer "busy" after a millisecond
/// lets the client go to another replica.
pub(crate) async fn admit(
    next: Arc<impl Endpoint>,
    request: Request,
    places: Arc<InFlight>,
) -> Result<Response> {
    let Ok(_place) = places.0.try_acquire() else { return Err(ApiError::overloaded().into()) };
    let _counted = Counted::new();
    next.call(request).await.map(IntoResponse::into_response)
}

/// Counts itself in the gauge while it lives, so that a dropped request is counted out too.
struct Counted(Gauge);

impl Counted {
    fn new() -> Self {
        let gauge = gauge!("hyperfleet_api_requests_in_flight");
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
