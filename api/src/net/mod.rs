//! Connection handling: everything that happens to a connection before a request exists.
//!
//! | threat | mitigation |
//! |---|---|
//! | more connections than the process can hold | at most `max_connections`; a further one replaces the connection that has been idle longest, or is closed immediately |
//! | connections that do nothing, or only send pings | closed after `idle_timeout`: a connection without an open request is idle, regardless of its frames |
//! | peers that do not read their responses | closed after `idle_timeout`: a connection is idle while its peer does not read |
//! | incomplete request heads and TLS handshakes | closed after `header_timeout` on a new connection, else after `idle_timeout` |
//! | no free file descriptor | accepting pauses, with at most one log line per second |
//! | delayed small responses | `TCP_NODELAY` on every connection |
//!
//! The HTTP parser itself refuses requests that it cannot parse, with a status and no body. Slow request *bodies* are
//! handled by [`crate::layers`], which can respond with 408.

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
