//! The HyperFleet API over HTTP, and the server process. Routes and the served OpenAPI document are both derived
//! from annotated types.
//!
//! - An operation (`routes`) parses its request, calls the service and maps the result. It contains no SQL; the
//!   service contains no HTTP.
//! - `pages` serves everything except the operations: the start page, the document and the guides.
//! - Every error response is built by [`problem`], whichever layer refuses the request.
//! - `middleware` lists all layers around the operations, in order.
//! - Bodies are parsed strictly, and all their faults are reported together (`json`, `dto`).
//!
//! To add a column to resources: see the crate `service`; in this crate, `dto/resource.rs`, where `Resource` is
//! destructured.
//!
//! To add a parameter of lists: see the crate `service`.
//!
//! To add an operation: write a method in the `routes` file of its path, with a doc comment (its text in the served
//! document), its parameters and body, and a call of `routes/read.rs` or `routes/write.rs`. If it can be called
//! without a token, add it to `PUBLIC` in `tests/it/auth/http.rs` and to `public` in `tests/it/openapi.rs`. Add
//! examples of its bodies and of new parameters to `openapi/examples.json`. Then run `cargo run -- openapi > api/openapi.json`.
//!
//! To add a setting: add one field with its doc comment and default to the struct of its section, and use it. The
//! flag, the environment variable, the YAML key and the help text are derived from it. `config/mod.rs` lists the
//! file of each section, and the other places that depend on settings.
//!
//! To add a metric: increment it where the event occurs. Add its description to `HELP` in `telemetry/recorder.rs`, its
//! initial value to `register` in the same file (a metric of the crate `service`: to `register` in its `metrics.rs`),
//! and a row to the table in `docs/operations.md`.
//!
//! To add an error code: add a variant to `service/src/error.rs` if the service returns it, map it in
//! `service_error.rs`, and add the code to `problem/code.rs`, `docs/errors.md` and `openapi/description.md`. A new
//! status is also added to `problem/document.rs` and `openapi/operation.rs`.

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
pub mod layers;
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

/// The commit the service was built from; `unknown` if neither the build nor git provides it.
pub const COMMIT: &str = env!("BUILT_FROM_COMMIT");
