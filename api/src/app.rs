//! The application: what operations find in every request.

use crate::fields::Fields;
use crate::limits::Streams;
use crate::problem::{ApiError, ApiResult, Code};
use crate::telemetry::RequestContext;
use poem::Request;
use service::Context;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long a change may go on after its request had to end: as long as a commit under way needs.
const GRACE: Duration = Duration::from_secs(5);

/// What operations find in every request.
pub struct App {
    /// The service.
    pub context: Context,
    /// Everything that `fields` may name.
    pub fields: Arc<Fields>,
    /// The largest page a list may have.
    pub max_page_size: u64,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// The requests that wait for changes.
    pub(crate) streams: Arc<Streams>,
    /// Becomes true when the server is to stop.
    pub stopping: watch::Receiver<bool>,
}

impl App {
    /// The application that `request` is for.
    pub(crate) fn of(request: &Request) -> ApiResult<&Self> {
        let app: Option<&Arc<Self>> = request.data();
        app.map(Arc::as_ref).ok_or_else(|| ApiError::internal("no application in the request"))
    }

    /// Runs a change to its end, even if its caller leaves or its request is given up before.
    pub(crate) async fn run_to_completion<T, F>(&self, change: impl FnOnce(Context) -> F) -> ApiResult<T>
    where
        T: Send + 'static,
        F: Future<Output = ApiResult<T>> + Send + 'static,
    {
        let bounded = tokio::time::timeout(self.request_timeout + GRACE, change(self.context.clone()));
        match tokio::spawn(RequestContext::inherited(bounded)).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(ApiError::new(Code::TIMEOUT, "The change took too long")),
            Err(end) => match end.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(end) => Err(ApiError::internal(end.to_string())),
            },
        }
    }
}
