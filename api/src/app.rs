//! The application state that every operation receives.

use crate::fields::Fields;
use crate::layers::WaitingRequests;
use crate::problem::{ApiError, ApiResult};
use crate::telemetry::RequestContext;
use poem::Request;
use service::Context;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The time for which a change may continue after the timeout of its request: enough to finish a running commit.
const COMPLETION_GRACE: Duration = Duration::from_secs(5);

/// The application state that every operation receives.
pub struct App {
    /// The service.
    pub context: Context,
    /// The fields that the parameter `fields` may name.
    pub fields: Arc<Fields>,
    /// The maximum number of items on a page of a list.
    pub max_page_size: u64,
    /// The timeout of a request.
    pub request_timeout: Duration,
    /// The requests that are waiting for changes.
    pub(crate) waiting: Arc<WaitingRequests>,
    /// Becomes true when the server starts to shut down.
    pub stopping: watch::Receiver<bool>,
}

impl App {
    /// Returns the application state attached to `request`.
    pub(crate) fn of(request: &Request) -> ApiResult<&Self> {
        let app: Option<&Arc<Self>> = request.data();
        app.map(Arc::as_ref).ok_or_else(|| ApiError::internal("no application in the request"))
    }

    /// Runs a change to completion, even if the caller disconnects or the request times out first. A change that does
    /// not finish within [`COMPLETION_GRACE`] after that timeout is abandoned and logged.
    pub(crate) async fn run_to_completion<T, F>(&self, change: impl FnOnce(Context) -> F) -> ApiResult<T>
    where
        T: Send + 'static,
        F: Future<Output = ApiResult<T>> + Send + 'static,
    {
        let change =
            tokio::time::timeout(self.request_timeout + COMPLETION_GRACE, change(self.context.clone()));
        let bounded = async {
            change.await.unwrap_or_else(|_| {
                // The caller has already received 504, so only the log can report this.
                let request_id = RequestContext::request_id();
                tracing::warn!(
                    request_id,
                    "a change did not finish after its request timed out and was abandoned"
                );
                Err(ApiError::timeout())
            })
        };
        match tokio::spawn(RequestContext::inherited(bounded)).await {
            Ok(result) => result,
            Err(end) => match end.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(end) => Err(ApiError::internal(end.to_string())),
            },
        }
    }
}
