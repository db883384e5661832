//! Authentication: the core through its public interface, and the whole server with it.

mod accepted;
mod claims;
mod config;
mod http;
mod jwks;
mod signatures;
mod support;
mod tls;
mod tokens;
