//! What stands between a request and its handler, and between the answer and its sender.
//!
//! Each file holds one [`Layer`]; [`layer`] makes poem middleware of it. A layer that refuses returns a
//! [`Refusal`] as error, never a finished answer, so that one renderer gives all of them their form.
//!
//! The order, outermost first, and why:
//!
//! 1. [`RequestIds`]: every answer carries the id, whoever makes it.
//! 2. [`CloseWhenStopping`]: likewise every answer.
//! 3. [`HeadAsGet`]: everything inside sees GET, so that the headers are those of GET.
//! 4. [`Gzip`]: compresses errors too.
//! 5. The renderer of errors.
//! 6. [`CatchPanic`]: inside the renderer, outside everything that may panic.
//! 7. [`HeadLimit`], [`TrailingSlash`], [`AllowHeader`]: cheap, and they need no body.
//! 8. [`Deadline`]: bounds all that follows.
//! 9. [`BodyLimit`]: outside the next one, so that a slow sender holds no place among the admitted.
//! 10. [`MaxInFlight`]: last, only work counts.

mod accept_encoding;
mod allow;
mod body;
mod closing;
mod deadline;
mod etag;
mod gzip;
mod head_as_get;
mod head_limit;
mod in_flight;
mod layer;
mod panic;
mod path;
mod refusal;
mod request_id;
mod size;
#[cfg(test)]
mod tests;

pub use allow::{AllowHeader, AllowTable};
pub use body::BodyLimit;
pub use closing::CloseWhenStopping;
pub use deadline::Deadline;
pub use gzip::Gzip;
pub use head_as_get::HeadAsGet;
pub use head_limit::HeadLimit;
pub use in_flight::MaxInFlight;
pub use layer::{Layer, Layered, LayeredEndpoint, layer};
pub use panic::CatchPanic;
pub use path::TrailingSlash;
pub use refusal::Refusal;
pub(crate) use refusal::count_refused;
pub use request_id::{OPERATION_ID, REQUEST_ID, RequestId, RequestIds};
