//! The changes of resources: the parameters of requests, and the responses as a page or as a stream.

pub mod page;
pub mod query;
pub mod stream;

mod event;

/// The maximum number of events that are read at a time.
const MAX_EVENTS: usize = 100;
