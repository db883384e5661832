//! The edge of the service towards the network: everything that happens to a connection before a request exists.
//!
//! | threat | answer |
//! |---|---|
//! | more connections than the process can hold | at most `max_connections`; the longest idle one makes place, else the new one is closed at once |
//! | connections that do nothing, or only ping | closed after `idle_timeout`: idle is who has no open request, whatever frames it sends |
//! | answers that nobody reads | the same: a peer that takes no more of its answer is idle |
//! | half a request head, half a TLS handshake | closed after `header_timeout` on a new connection, else after `idle_timeout` |
//! | no file descriptor left | accepting pauses, one log line per second |
//! | delayed small answers | `TCP_NODELAY` on every connection |
//!
//! What the HTTP parser cannot read it refuses by itself, with a bare status. Slow request *bodies* are a matter of
//! [`crate::limits`], which can answer 408.

mod connection;
mod descriptors;
mod server;
mod sockets;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tls;

pub use connection::ConnectionLimits;
pub use descriptors::connections_within_limit;
pub use server::Listener;
pub use sockets::Sockets;
pub use tls::ServerTls;
