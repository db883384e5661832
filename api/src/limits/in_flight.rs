//! How many requests are worked on at a time.

use std::sync::Arc;

use metrics::{Gauge, gauge};
use parking_lot::Mutex;
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::ApiError;

/// The place of a request among those that are worked on.
#[derive(Clone)]
pub(crate) struct InFlight(Arc<Mutex<Option<(OwnedSemaphorePermit, Counted)>>>);

impl InFlight {
    /// Gives the place away: from now on the request only waits.
    pub(crate) fn release(&self) {
        drop(self.0.lock().take());
    }
}

/// Admits a request if one of the `permits` for requests that are worked on is free, and refuses it at once if none is. An
/// operation that only waits gives its [`InFlight`] away.
///
/// There is no queue: a request that waits here is late for its client, and the answer "busy" after a millisecond
/// lets the client go to another replica.
pub(crate) async fn admit(
    next: Arc<impl Endpoint>,
    mut request: Request,
    permits: Arc<Semaphore>,
) -> Result<Response> {
    let Ok(permit) = permits.try_acquire_owned() else { return Err(ApiError::overloaded().into()) };
    let in_flight = InFlight(Arc::new(Mutex::new(Some((permit, Counted::new())))));
    request.set_data(in_flight.clone());
    let answer = next.call(request).await;
    in_flight.release();
    answer.map(IntoResponse::into_response)
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
