//! Error responses as `application/problem+json` (RFC 9457). Every error becomes a response here, whichever layer
//! refuses the request.
//!
//! A `detail` is a sentence that begins with a capital letter, unless it is the message of the only fault. That
//! message begins with the name of the field or parameter as spelled in requests.

mod code;
mod document;
mod reason;

pub use code::Code;
pub use document::{Problem, Violation};
pub use reason::RefusalReason;

use crate::dto::Time;
use poem::Response;
use poem::error::{NotFoundError, ParsePathError, ResponseError};
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::types::Type;
use service::FieldError;
use std::fmt;

use document::CONTENT_TYPE;

/// The result of an operation.
pub type ApiResult<T> = Result<T, ApiError>;

/// The header fields of a response.
type Headers = Vec<(HeaderName, HeaderValue)>;

/// The refusal of a request.
#[derive(Debug)]
pub struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: Code,
    detail: String,
    errors: Vec<FieldError>,
    headers: Headers,
    /// The internal cause, which is logged and not returned.
    pub(crate) cause: Option<Box<str>>,
    /// The limit or the fault that is counted in the metrics.
    pub(crate) refused_by: Option<RefusalReason>,
}

impl ApiError {
    /// Creates a refusal with this detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            status: code.words().0,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            cause: None,
            refused_by: None,
        }
    }

    /// Creates a refusal for faults in the request. `detail` summarizes them.
    pub fn invalid(detail: impl Into<String>, errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Code::VALIDATION, detail) }
    }

    /// Creates a refusal for a body that cannot be parsed.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Code::MALFORMED, detail)
    }

    /// Creates a refusal for a request that cannot be interpreted.
    pub fn bad_request(detail: impl Into<String>, errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Code::BAD_REQUEST, detail) }
    }

    /// Creates an internal error. The response contains only the trace id; `cause` is logged.
    pub fn internal(cause: impl Into<String>) -> Self {
        let detail = "An unexpected error occurred; the server's log contains the cause under this trace_id";
        let error = Self::new(Code::INTERNAL, detail);
        error.with_cause(cause)
    }

    /// Creates a refusal for a request that exceeds the limit of concurrent requests or of memory for bodies.
    pub fn overloaded() -> Self {
        let detail = "The service is busy; try again later";
        let error = Self::new(Code::UNAVAILABLE, detail);
        error.retry_after_a_second().refused_by(RefusalReason::Overloaded)
    }

    /// Creates a refusal for a request that exceeds its timeout.
    pub fn timeout() -> Self {
        let detail = "The request took too long; request less or retry";
        Self::new(Code::TIMEOUT, detail).retry_after_a_second().refused_by(RefusalReason::DeadlinePassed)
    }

    /// Replaces the default status of the code.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Sets the reason that is counted in the metrics.
    pub fn refused_by(self, reason: RefusalReason) -> Self {
        Self { refused_by: Some(reason), ..self }
    }

    /// Adds a header to the response. A value that is not valid in a header is ignored.
    pub fn with_header(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        self.headers.extend(value.try_into().ok().map(|value| (name, value)));
        self
    }

    /// Sets the faults of the request.
    pub(crate) fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    /// Creates a temporary failure that can be retried. `cause` is logged.
    pub(crate) fn temporary(code: Code, detail: &str, cause: String) -> Self {
        Self::new(code, detail).retry_after_a_second().with_cause(cause)
    }

    /// Sets the internal cause, which is logged and not returned.
    pub(crate) fn with_cause(self, cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into().into()), ..self }
    }

    /// Adds `Retry-After` with one second.
    pub(crate) fn retry_after_a_second(self) -> Self {
        self.with_header(header::RETRY_AFTER, "1")
    }

    /// Returns the problem document for a request to the path `instance`, and the headers of the response.
    pub fn into_problem(self, instance: &str, trace_id: &str, timestamp: Time) -> (Problem, Headers) {
        let (_, code, suffix, title) = self.code.words();
        let problem = Problem {
            r#type: format!("https://api.hyperfleet.io/errors/{suffix}"),
            title: title.into(),
            status: self.status.as_u16(),
            detail: self.detail,
            instance: instance.into(),
            code: code.into(),
            timestamp,
            trace_id: trace_id.into(),
            errors: self.errors.into_iter().map(Violation::from).collect(),
        };
        (problem, self.headers)
    }

    /// Returns the response to a refused request to the path `instance`.
    pub fn into_answer(self, instance: &str, trace_id: &str, timestamp: Time) -> Response {
        let status = self.status;
        let (problem, headers) = self.into_problem(instance, trace_id, timestamp);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut document = Response::builder().status(status).content_type(CONTENT_TYPE).body(body);
        document.headers_mut().extend(headers);
        document
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status(&self) -> StatusCode {
        self.status
    }
}

/// Converts an error of the framework or of a layer. `path` is the path of the request.
pub fn of_poem(error: poem::Error, path: &str) -> ApiError {
    let not_found = |code, what| {
        let detail = format!("The requested {what} '{path}' does not exist");
        ApiError::new(code, detail)
    };
    if error.is::<NotFoundError>() {
        return not_found(Code::ENDPOINT_NOT_FOUND, "endpoint");
    }
    // A path whose parameters cannot be decoded matches no resource.
    if error.is::<ParsePathError>() {
        return not_found(Code::RESOURCE_NOT_FOUND, "resource");
    }
    error.downcast().unwrap_or_else(|error: poem::Error| match error.status() {
        status if status.is_server_error() => ApiError::internal(error.to_string()),
        status => ApiError::new(Code::of_status(status), error.to_string()).with_status(status),
    })
}

impl ApiResponse for ApiError {
    fn meta() -> MetaResponses {
        document::responses()
    }

    fn register(registry: &mut Registry) {
        Problem::register(registry);
    }
}
