//! The limit of requests that are processed at the same time.

use std::sync::Arc;

use metrics::{Gauge, gauge};
use parking_lot::Mutex;
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::ApiError;

/// The permit of a request that is being processed.
#[derive(Clone)]
pub(crate) struct InFlight(Arc<Mutex<Option<(OwnedSemaphorePermit, Counted)>>>);

impl InFlight {
    /// Releases the permit: from now on the request only waits.
    pub(crate) fn release(&self) {
        drop(self.0.lock().take());
    }
}

/// Admits a request if one of the `permits` is available, and refuses it immediately otherwise. An operation that
/// only waits releases its [`InFlight`].
///
/// There is no queue: a request that waits here is late for its client, while an immediate refusal lets the client
/// try another replica.
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

/// Counts a request in the gauge until it is dropped, so that abandoned requests are subtracted too.
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
