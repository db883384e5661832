//! The edge of the service towards the network: everything that happens to a connection before a
//! request exists.
//!
//! The HTTP server below sets no timer of its own, ignores accept errors in a tight loop and knows no
//! limit of connections. [`Edge`] is the acceptor that supplies what is missing:
//!
//! | threat | answer |
//! |---|---|
//! | more connections than the process can hold | at most `max_connections`; the rest is told to come back, and idle ones leave |
//! | no file descriptor left | accepting pauses, one log line per second |
//! | half a request head, half a TLS handshake | closed `header_timeout` after its first byte |
//! | silent or unread connections | closed after `idle_timeout` without a byte either way |
//! | delayed small answers | `TCP_NODELAY` on every connection |
//! | refusals of the HTTP parser, which are bare | [`Explained`] gives them the form of all others |
//!
//! Slow request *bodies* are a matter of [`crate::limits::BodyLimit`], which can answer 408.

mod crowd;
mod descriptors;
mod edge;
mod explained;
mod guard;
mod head_scan;
mod sockets;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tls;
mod transport;

use std::io;
use std::time::Duration;

use poem::{IntoEndpoint, Server};

pub use descriptors::raise_descriptor_limit;
pub use edge::{ConnectionLimits, Edge};
pub use explained::{Explain, Explained};
pub use guard::Guarded;
pub use sockets::Sockets;
pub use tls::{ServerTls, TlsError};
pub use transport::Transport;

/// Serves `endpoint` on `edge` until `stop` resolves, then drains.
///
/// Draining: nothing more is accepted, idle connections close at once, requests in flight are finished.
/// What is not finished after `drain` is dropped; without that bound a half-open connection would keep
/// the process alive for good.
///
/// # Errors
/// None in practice: the sockets are bound before, and accept errors are handled by [`Edge`].
pub async fn serve<E>(
    name: &'static str,
    edge: Edge,
    endpoint: E,
    stop: impl Future<Output = ()>,
    drain: Duration,
) -> io::Result<()>
where
    E: IntoEndpoint,
    E::Endpoint: 'static,
{
    let max_streams = edge.limits().max_streams;
    Server::new_with_acceptor(edge)
        .name(name)
        .http2_max_concurrent_streams(max_streams)
        .run_with_graceful_shutdown(endpoint, stop, Some(drain))
        .await
}
