//! What stands between a request and its operation, and between the answer and its sender.
//!
//! Each layer is one function, for `endpoint.around(…)`. A layer that refuses returns an
//! [`ApiError`](crate::problem::ApiError), never a finished answer, so that all refusals get their form in one
//! place. `middleware` says in which order the layers stand, and why.

mod accept_encoding;
mod body;
mod closing;
mod deadline;
mod gzip;
mod head;
mod head_as_get;
mod in_flight;
mod origin;
mod panic;
mod path;
mod request_id;
mod streams;
#[cfg(test)]
mod tests;

pub(crate) use body::{Bodies, read_body};
pub(crate) use closing::close_when_stopping;
pub(crate) use deadline::deadline;
pub(crate) use gzip::gzip;
pub(crate) use head::check_head;
pub(crate) use head_as_get::head_as_get;
pub(crate) use in_flight::admit;
pub(crate) use origin::{Origins, cors};
pub(crate) use panic::catch_panic;
pub(crate) use path::trailing_slash;
pub(crate) use request_id::{RequestId, request_ids};
pub(crate) use streams::{Stream, Streams, wait};
