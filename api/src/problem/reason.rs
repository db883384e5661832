//! The reasons for which requests are refused, as counted in the metrics.

use strum::{IntoStaticStr, VariantArray};

/// The limit or the fault that refused a request or a connection: the label `reason` of
/// `hyperfleet_api_refused_total`, in snake case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum RefusalReason {
    /// The body is too large.
    BodyTooLarge,
    /// The body did not arrive before its timeout.
    BodyTimeout,
    /// The body ended early or has invalid framing.
    BodyBroken,
    /// The body has a `Content-Encoding`.
    UnsupportedEncoding,
    /// The request line and the header fields are too large.
    HeadTooLarge,
    /// The path does not support the method.
    MethodNotAllowed,
    /// Too many requests are in flight, or bodies use too much memory.
    Overloaded,
    /// Too many connections are open.
    Connections,
    /// The database does not respond, or no connection was free.
    DatabaseUnavailable,
    /// The request exceeded its timeout.
    DeadlinePassed,
    /// Another transaction has locked the resource.
    ResourceLocked,
    /// The operation panicked.
    Panicked,
    /// Too many requests are waiting for changes.
    Streams,
}
