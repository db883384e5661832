//! Tests of the layers: those that concern connections against a real server, the others by calling
//! the endpoint.

mod answers;
mod body;
mod gzip;
mod load;

use poem::{Endpoint, Request};

/// A request without a body.
fn get(path: &str) -> Request {
    Request::builder().uri(path.parse().expect("a URI")).finish()
}

/// The refusal that `endpoint` ends `request` with.
async fn refusal<E: Endpoint>(endpoint: &E, request: Request) -> super::Refusal {
    let error = endpoint.call(request).await.err().expect("a refusal");
    error.downcast().expect("a refusal and no other error")
}
