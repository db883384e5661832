//! Changes of resources, as they are asked for and answered: as one page, or as a stream.

pub mod page;
pub mod query;
pub mod stream;

mod event;

/// Events read at a time.
const EVENTS: usize = 100;
