//! The error codes.

use poem::http::StatusCode as Status;

/// An error code with its status and title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(&'static Words);

/// The default status, the code, the last segment of the type URI, and the title.
pub(super) type Words = (Status, &'static str, &'static str, &'static str);

impl Code {
    /// A value in the request violates a rule.
    pub const VALIDATION: Self =
        Self(&(Status::BAD_REQUEST, "HYPERFLEET-VAL-000", "validation-error", "Validation Failed"));
    /// The request cannot be interpreted.
    pub const BAD_REQUEST: Self =
        Self(&(Status::BAD_REQUEST, "HYPERFLEET-VAL-005", "bad-request", "Bad Request"));
    /// The request cannot be parsed or is too large.
    pub const MALFORMED: Self =
        Self(&(Status::BAD_REQUEST, "HYPERFLEET-VAL-006", "malformed-request", "Malformed Request"));
    /// The request has no credentials.
    pub const AUTHENTICATION_REQUIRED: Self = Self(&(
        Status::UNAUTHORIZED,
        "HYPERFLEET-AUT-001",
        "authentication-error",
        "Authentication Required",
    ));
    /// The credentials are invalid.
    pub const INVALID_CREDENTIALS: Self =
        Self(&(Status::UNAUTHORIZED, "HYPERFLEET-AUT-002", "authentication-error", "Invalid Credentials"));
    /// The credentials have expired.
    pub const EXPIRED_TOKEN: Self =
        Self(&(Status::UNAUTHORIZED, "HYPERFLEET-AUT-003", "authentication-error", "Invalid Token"));
    /// The request is not allowed.
    pub const PERMISSION_DENIED: Self =
        Self(&(Status::FORBIDDEN, "HYPERFLEET-AUZ-001", "permission-denied", "Permission Denied"));
    /// The path does not exist.
    pub const ENDPOINT_NOT_FOUND: Self =
        Self(&(Status::NOT_FOUND, "HYPERFLEET-NTF-000", "not-found", "Endpoint Not Found"));
    /// The path does not support this method.
    pub const METHOD_NOT_ALLOWED: Self =
        Self(&(Status::METHOD_NOT_ALLOWED, "HYPERFLEET-NTF-000", "not-found", "Method Not Allowed"));
    /// The resource does not exist.
    pub const RESOURCE_NOT_FOUND: Self =
        Self(&(Status::NOT_FOUND, "HYPERFLEET-NTF-001", "not-found", "Resource Not Found"));
    /// The name is already in use.
    pub const NAME_CONFLICT: Self =
        Self(&(Status::CONFLICT, "HYPERFLEET-CNF-001", "conflict", "Resource Conflict"));
    /// The resource has another version.
    pub const VERSION_CONFLICT: Self =
        Self(&(Status::PRECONDITION_FAILED, "HYPERFLEET-CNF-002", "conflict", "Version Conflict"));
    /// The state of the resource does not allow the request.
    pub const STATE_CONFLICT: Self =
        Self(&(Status::CONFLICT, "HYPERFLEET-CNF-003", "conflict", "State Conflict"));
    /// The changes after a position are no longer available.
    pub const POSITION_GONE: Self = Self(&(Status::GONE, "HYPERFLEET-GON-001", "gone", "Position Gone"));
    /// Too many requests are waiting for changes.
    pub const RATE_LIMIT: Self =
        Self(&(Status::TOO_MANY_REQUESTS, "HYPERFLEET-LMT-001", "rate-limit", "Rate Limit Exceeded"));
    /// An internal error.
    pub const INTERNAL: Self = Self(&(
        Status::INTERNAL_SERVER_ERROR,
        "HYPERFLEET-INT-001",
        "internal-error",
        "Internal Server Error",
    ));
    /// The database is unavailable or overloaded.
    pub const UNAVAILABLE: Self = Self(&(
        Status::SERVICE_UNAVAILABLE,
        "HYPERFLEET-SVC-001",
        "service-unavailable",
        "Service Unavailable",
    ));
    /// The request took too long.
    pub const TIMEOUT: Self =
        Self(&(Status::GATEWAY_TIMEOUT, "HYPERFLEET-SVC-002", "service-unavailable", "Service Timeout"));

    /// The code, such as `HYPERFLEET-VAL-000`.
    pub const fn as_str(self) -> &'static str {
        self.0.1
    }

    /// Returns the status, the code, the type segment and the title.
    pub(super) const fn words(self) -> Words {
        *self.0
    }

    /// Returns the code for an error of the framework, of which only the status is known.
    pub(super) fn of_status(status: Status) -> Self {
        match status {
            Status::NOT_FOUND => Self::ENDPOINT_NOT_FOUND,
            Status::METHOD_NOT_ALLOWED => Self::METHOD_NOT_ALLOWED,
            Status::PAYLOAD_TOO_LARGE | Status::UNSUPPORTED_MEDIA_TYPE => Self::MALFORMED,
            _ => Self::BAD_REQUEST,
        }
    }
}
