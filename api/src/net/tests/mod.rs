//! Tests of the edge against a real server.

mod connections;
mod descriptors;
mod shutdown;
mod slow_peers;
mod tls;
