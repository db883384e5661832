//! Sending clients away before the listener closes.

use poem::http::HeaderValue;
use poem::http::header::CONNECTION;
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use tokio::sync::watch;

use super::layer::Layer;

/// Adds `Connection: close` to every answer once the process is stopping.
///
/// A client that holds its connection open then makes its next request elsewhere, instead of finding
/// the connection closed under a request it has just sent.
pub struct CloseWhenStopping(watch::Receiver<bool>);

impl CloseWhenStopping {
    /// `stopping` turns true when the process begins to stop.
    pub fn new(stopping: watch::Receiver<bool>) -> Self {
        Self(stopping)
    }
}

impl Layer for CloseWhenStopping {
    async fn handle<E: Endpoint>(&self, request: Request, next: &E) -> Result<Response> {
        let mut response = next.call(request).await?.into_response();
        if *self.0.borrow() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}
