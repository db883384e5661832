//! HyperFleet API over HTTP: annotated types from which routes and the served document are derived, and the
//! process around them.
//!
//! - An operation (`routes`) parses, calls the service, maps. It knows no SQL; the service knows no HTTP.
//! - Every refusal leaves through [`problem`], whoever refuses.
//! - Everything that stands around the operations is listed, in order, in `middleware`.
//! - Bodies are read strictly and all their faults reported at once (`json`, `dto`).
//!
//! To add a field to a resource: `dto/resource.rs`, where the row is destructured; the compiler leads on.
//! Then `cargo run -- openapi > api/openapi.json`.

pub mod app;
pub mod auth;
pub mod caller;
pub mod cli;
pub mod config;
pub mod dto;
pub mod fields;
pub mod json;
pub mod limits;
pub mod list;
pub mod net;
pub mod openapi;
pub mod operations;
pub mod problem;
pub mod response;
pub mod routes;
pub mod run;
pub mod serve;
pub mod telemetry;

mod health;
mod middleware;

/// The version of the service.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version of the compiler the service was built with.
pub const RUST_VERSION: &str = env!("HYPERFLEET_RUST_VERSION");

/// The commit the service was built from; `unknown` if neither the build nor git told.
pub const COMMIT: &str = env!("HYPERFLEET_COMMIT");
