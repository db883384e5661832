//! What stands between a request and its operation, and between the answer and its sender.
//!
//! Each layer is one function, for `endpoint.around(…)`. A layer that refuses returns an
//! [`ApiError`](crate::problem::ApiError), never a finished answer, so that all refusals get their form in one
//! place. `middleware` says in which order the layers stand, and why.

mod accept_encoding;
mod body;
mod deadline;
mod gzip;
mod head;
mod in_flight;
mod origin;
mod passing;
mod streams;
#[cfg(test)]
mod tests;

pub(crate) use body::{Bodies, read_body};
pub(crate) use deadline::{Deadline, deadline};
pub(crate) use gzip::gzip;
pub(crate) use head::check_head;
pub(crate) use in_flight::{InFlight, admit};
pub(crate) use origin::{Origins, cors};
pub(crate) use passing::{
    RequestId, catch_panic, close_when_stopping, head_as_get, request_ids, trailing_slash,
};
pub(crate) use streams::{Stream, Streams};
