//! Tests of connection handling with a real server.

mod connections;
mod descriptors;
mod shutdown;
mod slow_peers;
mod tls;
