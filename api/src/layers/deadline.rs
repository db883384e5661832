//! The timeout of requests.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use tokio::time::{Instant, timeout_at};

use crate::problem::ApiError;

/// The time at which a request is abandoned.
#[derive(Clone)]
pub(crate) struct Deadline(Arc<Mutex<Instant>>);

impl Deadline {
    /// Extends the deadline.
    pub(crate) fn extend(&self, by: Duration) {
        *self.0.lock() += by;
    }
}

/// Drops an operation that has not responded within `time`. Sending the body of its response may take longer.
///
/// A read ends with the request. A change continues in a separate task and may still take effect, so a client must
/// treat 504 as an unknown outcome, like any lost response.
pub(crate) async fn deadline(
    next: Arc<impl Endpoint>,
    mut request: Request,
    time: Duration,
) -> Result<Response> {
    let deadline = Deadline(Arc::new(Mutex::new(Instant::now() + time)));
    request.set_data(deadline.clone());
    let mut answer = std::pin::pin!(next.call(request));
    loop {
        let until = *deadline.0.lock();
        match timeout_at(until, &mut answer).await {
            Ok(outcome) => return outcome.map(IntoResponse::into_response),
            Err(_) if *deadline.0.lock() > until => {}
            Err(_) => return Err(ApiError::timeout().into()),
        }
    }
}
