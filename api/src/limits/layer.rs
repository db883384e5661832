//! Middleware as one function.

use std::sync::Arc;

use poem::{Endpoint, Middleware, Request, Response, Result};

/// Something done around every request.
pub trait Layer: Send + Sync + 'static {
    /// Handles `request`, usually by passing it on to `next`.
    fn handle<E: Endpoint>(
        &self,
        request: Request,
        next: &E,
    ) -> impl Future<Output = Result<Response>> + Send;
}

/// A [`Layer`] as poem middleware, for `endpoint.with(layer(…))`.
pub fn layer<L: Layer>(layer: L) -> Layered<L> {
    Layered(Arc::new(layer))
}

/// What [`layer`] returns.
pub struct Layered<L>(Arc<L>);

impl<L: Layer, E: Endpoint> Middleware<E> for Layered<L> {
    type Output = LayeredEndpoint<L, E>;

    fn transform(&self, next: E) -> Self::Output {
        LayeredEndpoint { layer: self.0.clone(), next }
    }
}

/// An endpoint with a [`Layer`] around it.
pub struct LayeredEndpoint<L, E> {
    layer: Arc<L>,
    next: E,
}

impl<L: Layer, E: Endpoint> Endpoint for LayeredEndpoint<L, E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        self.layer.handle(request, &self.next).await
    }
}
