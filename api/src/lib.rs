//! HyperFleet API over HTTP: annotated types from which routes and the served document are derived, and the
//! process around them.
//!
//! - An operation (`routes`) parses, calls the service, maps. It knows no SQL; the service knows no HTTP.
//! - What is read beside the operations, the start page and the document, is in `pages`.
//! - Every refusal leaves through [`problem`], whoever refuses.
//! - Everything that stands around the operations is listed, in order, in `middleware`.
//! - Bodies are read strictly and all their faults reported at once (`json`, `dto`).
//!
//! To add a column to resources: see the crate `service`; here `dto/resource.rs`, where the row is destructured.
//!
//! To add an operation: a method in the `routes` file of its address, with the doc comment that is its text in the
//! served document, its parameters and body, and a call of `routes/read.rs` or `routes/write.rs`. If anyone may call
//! it without a token, it goes on the public list in the tests. Its bodies, and parameters that are new, get examples in
//! `openapi/examples.json`. Then `cargo run -- openapi > api/openapi.json`.
//!
//! To add a setting: one field with its doc comment and default in the struct of its section, and its use; flag, variable,
//! YAML key and help follow from it. `config/mod.rs` tells which file has which section, and what else knows settings.

pub mod app;
pub mod auth;
pub mod call;
pub mod changes;
pub mod cli;
pub mod config;
pub mod demo;
pub mod dto;
pub mod fields;
pub mod json;
pub mod limits;
pub mod list;
pub mod net;
pub mod openapi;
pub mod operations;
pub mod pages;
pub mod problem;
pub mod response;
pub mod routes;
pub mod run;
pub mod serve;
pub mod telemetry;

mod announce;
mod background;
mod causes;
mod guides;
mod health;
mod middleware;
mod service_error;

/// The version of the service.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version of the compiler the service was built with.
pub const RUST_VERSION: &str = env!("BUILT_WITH_RUST");

/// The commit the service was built from; `unknown` if neither the build nor git told.
pub const COMMIT: &str = env!("BUILT_FROM_COMMIT");
