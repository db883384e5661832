//! The layers that limit and adapt requests and responses.
//!
//! Each layer is one function for `endpoint.around(…)`. A layer that refuses a request returns an
//! [`ApiError`](crate::problem::ApiError), never a finished response, so that all error responses are rendered in
//! one place. `middleware` defines the order of the layers and the reasons for it.

mod accept_encoding;
mod adapt;
mod body;
mod deadline;
mod gzip;
mod head;
mod in_flight;
mod origin;
#[cfg(test)]
mod tests;
mod waiting;

pub(crate) use adapt::{
    RequestId, catch_panic, close_when_stopping, head_as_get, request_ids, trailing_slash,
};
pub(crate) use body::{Bodies, read_body};
pub(crate) use deadline::{Deadline, deadline};
pub(crate) use gzip::gzip;
pub(crate) use head::check_head;
pub(crate) use in_flight::{InFlight, admit};
pub(crate) use origin::{Origins, cors};
pub(crate) use waiting::{WaitingRequest, WaitingRequests};
