//! Sending clients away before the listener closes.

use std::sync::Arc;

use poem::http::HeaderValue;
use poem::http::header::CONNECTION;
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use tokio::sync::watch;

/// Adds `Connection: close` to every answer once the process is stopping.
///
/// A client that holds its connection open then makes its next request elsewhere, instead of finding the connection
/// closed under a request it has just sent.
pub(crate) async fn close_when_stopping(
    next: Arc<impl Endpoint>,
    request: Request,
    stopping: watch::Receiver<bool>,
) -> Result<Response> {
    let mut response = next.call(request).await?.into_response();
    if *stopping.borrow() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}
