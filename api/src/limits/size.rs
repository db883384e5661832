//! The size of a body before it is read.

use bytes::Bytes;
use http_body::Body as _;
use http_body_util::combinators::BoxBody;
use poem::Body;

/// The body again, and its size in bytes if it is known: a streamed body has none.
pub(super) fn measured(body: Body) -> (Body, Option<u64>) {
    let body: BoxBody<Bytes, std::io::Error> = body.into();
    let size = body.size_hint().exact();
    (body.into(), size)
}
