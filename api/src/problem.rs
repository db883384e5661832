//! Every refusal as `application/problem+json` (RFC 9457), whoever refuses: the one table of codes, and the
//! one place where errors become answers.
//!
//! A `detail` is a sentence and begins with a capital letter, unless it is the message of the only fault: that begins with
//! the field or the parameter as a request spells it.

use crate::dto::Time;
use poem::Response;
use poem::error::{NotFoundError, ParsePathError, ResponseError};
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::types::Type;
use poem_openapi::{ApiResponse, Object};
use serde::Serialize;
use service::FieldError;
use std::fmt;

/// The media type of problems.
const CONTENT_TYPE: &str = "application/problem+json";

/// The result of an operation.
pub type ApiResult<T> = Result<T, ApiError>;

/// What a refusal is about. Each has one code, one type and one title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// What was sent breaks rules.
    Validation,
    /// The request cannot be understood.
    BadRequest,
    /// The body cannot be read.
    Malformed,
    /// No credentials.
    AuthenticationRequired,
    /// Credentials that are invalid.
    InvalidCredentials,
    /// Credentials that have expired.
    ExpiredToken,
    /// Not allowed.
    PermissionDenied,
    /// No such path.
    EndpointNotFound,
    /// The path does not have this method.
    MethodNotAllowed,
    /// No such resource.
    ResourceNotFound,
    /// The name is taken.
    NameConflict,
    /// The resource has another version.
    VersionConflict,
    /// The resource's state forbids it.
    StateConflict,
    /// What follows a position can no longer be told.
    PositionGone,
    /// Too many requests.
    RateLimit,
    /// An internal error.
    Internal,
    /// The database is unavailable or overloaded.
    Unavailable,
    /// It took too long.
    Timeout,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Code::Validation,
        Code::BadRequest,
        Code::Malformed,
        Code::AuthenticationRequired,
        Code::InvalidCredentials,
        Code::ExpiredToken,
        Code::PermissionDenied,
        Code::EndpointNotFound,
        Code::MethodNotAllowed,
        Code::ResourceNotFound,
        Code::NameConflict,
        Code::VersionConflict,
        Code::StateConflict,
        Code::PositionGone,
        Code::RateLimit,
        Code::Internal,
        Code::Unavailable,
        Code::Timeout,
    ];

    /// The code, such as `HYPERFLEET-VAL-000`.
    pub const fn as_str(self) -> &'static str {
        self.words().0
    }

    /// Code, suffix of the type's address, and title.
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Code::Validation => ("HYPERFLEET-VAL-000", "validation-error", "Validation Failed"),
            Code::BadRequest => ("HYPERFLEET-VAL-005", "bad-request", "Bad Request"),
            Code::Malformed => ("HYPERFLEET-VAL-006", "malformed-request", "Malformed Request"),
            Code::AuthenticationRequired => {
                ("HYPERFLEET-AUT-001", "authentication-error", "Authentication Required")
            }
            Code::InvalidCredentials => ("HYPERFLEET-AUT-002", "authentication-error", "Invalid Credentials"),
            Code::ExpiredToken => ("HYPERFLEET-AUT-003", "authentication-error", "Invalid Token"),
            Code::PermissionDenied => ("HYPERFLEET-AUZ-001", "permission-denied", "Permission Denied"),
            Code::EndpointNotFound => ("HYPERFLEET-NTF-000", "not-found", "Endpoint Not Found"),
            Code::MethodNotAllowed => ("HYPERFLEET-NTF-000", "not-found", "Method Not Allowed"),
            Code::ResourceNotFound => ("HYPERFLEET-NTF-001", "not-found", "Resource Not Found"),
            Code::NameConflict => ("HYPERFLEET-CNF-001", "conflict", "Resource Conflict"),
            Code::VersionConflict => ("HYPERFLEET-CNF-002", "conflict", "Version Conflict"),
            Code::StateConflict => ("HYPERFLEET-CNF-003", "conflict", "State Conflict"),
            Code::PositionGone => ("HYPERFLEET-GON-001", "gone", "Position Gone"),
            Code::RateLimit => ("HYPERFLEET-LMT-001", "rate-limit", "Rate Limit Exceeded"),
            Code::Internal => ("HYPERFLEET-INT-001", "internal-error", "Internal Server Error"),
            Code::Unavailable => ("HYPERFLEET-SVC-001", "service-unavailable", "Service Unavailable"),
            Code::Timeout => ("HYPERFLEET-SVC-002", "service-unavailable", "Service Timeout"),
        }
    }

    /// The code for an answer of which only the status is known.
    fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Code::InvalidCredentials,
            403 => Code::PermissionDenied,
            404 => Code::EndpointNotFound,
            405 => Code::MethodNotAllowed,
            412 => Code::VersionConflict,
            409 => Code::StateConflict,
            410 => Code::PositionGone,
            413 | 414 | 415 | 431 => Code::Malformed,
            429 => Code::RateLimit,
            503 => Code::Unavailable,
            504 => Code::Timeout,
            400..=499 => Code::BadRequest,
            _ => Code::Internal,
        }
    }
}

/// Header fields of an answer.
type Headers = Vec<(HeaderName, HeaderValue)>;

/// A refusal on its way to the caller.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    headers: Headers,
    /// What is logged and not answered.
    cause: Option<String>,
    /// The limit that refused the request, by its name in the metrics.
    refused_by: Option<&'static str>,
}

impl ApiError {
    /// A refusal with this status and text.
    pub fn new(status: StatusCode, code: Code, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            cause: None,
            refused_by: None,
        }
    }

    /// Faults in what was sent; `detail` sums them up.
    pub fn invalid(detail: impl Into<String>, errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(StatusCode::BAD_REQUEST, Code::Validation, detail) }
    }

    /// A body that cannot be read.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::Malformed, detail)
    }

    /// A request that cannot be understood.
    pub fn bad_request(detail: impl Into<String>, errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(StatusCode::BAD_REQUEST, Code::BadRequest, detail) }
    }

    /// An internal error: the caller is told nothing but the trace id.
    pub fn internal(cause: impl Into<String>) -> Self {
        let detail = "An unexpected error occurred; the trace id names it in the log";
        let error = Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, detail);
        Self { cause: Some(cause.into()), ..error }
    }

    /// More requests, or more bytes of bodies, than the process takes on at a time.
    pub fn overloaded() -> Self {
        let detail = "The service is busy; try again later";
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, detail);
        error.retry_after_a_second().refused_by("overloaded")
    }

    /// Names the limit that refused the request, for the metrics: one of `telemetry::LIMITS`.
    pub fn refused_by(mut self, limit: &'static str) -> Self {
        self.refused_by = Some(limit);
        self
    }

    /// Adds a header to the answer.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Lists faults in what was sent.
    pub(crate) fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    /// A temporary failure, worth another try; `cause` is logged.
    pub(crate) fn passing(status: StatusCode, code: Code, detail: &str, cause: String) -> Self {
        Self { cause: Some(cause), ..Self::new(status, code, detail).retry_after_a_second() }
    }

    /// Asks to wait for a second before the next try.
    pub(crate) fn retry_after_a_second(self) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// The status it is answered with.
    pub fn status_code(&self) -> StatusCode {
        self.status
    }

    /// The code of the problem.
    pub fn code(&self) -> &'static str {
        self.code.words().0
    }

    /// The limit that refused the request, if it was one.
    pub fn limit(&self) -> Option<&'static str> {
        self.refused_by
    }

    /// What is logged of it, if it is an internal error.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The document of a refused request to `instance`, and the headers that belong to it.
    pub fn into_problem(self, instance: &str, trace_id: &str, timestamp: Time) -> (Problem, Headers) {
        let (code, suffix, title) = self.code.words();
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

    /// The answer for a refused request to `instance`.
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

/// What the framework or a layer refused. `path` is the path asked for.
pub fn of_poem(error: poem::Error, path: &str) -> ApiError {
    let not_found = |code, what| {
        let detail = format!("The requested {what} '{path}' does not exist");
        ApiError::new(StatusCode::NOT_FOUND, code, detail)
    };
    if error.is::<NotFoundError>() {
        return not_found(Code::EndpointNotFound, "endpoint");
    }
    // An id that is not even text names nothing either.
    if error.is::<ParsePathError>() {
        return not_found(Code::ResourceNotFound, "resource");
    }
    let error = error.downcast::<ApiError>();
    error.unwrap_or_else(|error| by_status(error.status(), error.to_string()))
}

/// A refusal that came as a bare answer and not as an error.
pub fn of_status(status: StatusCode) -> ApiError {
    by_status(status, status.canonical_reason().unwrap_or("refused").to_owned())
}

fn by_status(status: StatusCode, text: String) -> ApiError {
    match status.is_server_error() {
        true => ApiError::internal(text),
        false => ApiError::new(status, Code::of_status(status), text),
    }
}

/// Why a request was refused.
#[derive(Debug, Object, Serialize)]
pub struct Problem {
    /// Address that identifies the kind of problem.
    #[oai(validator(pattern = "^https://api\\.hyperfleet\\.io/errors/[a-z-]+$"))]
    pub r#type: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The HTTP status.
    #[oai(validator(minimum(value = "400"), maximum(value = "599")))]
    pub status: u16,
    /// What is wrong with this request.
    pub detail: String,
    /// The path asked for.
    pub instance: String,
    /// Stable code of the problem: what a client should decide by.
    #[oai(validator(pattern = "^HYPERFLEET-[A-Z]{3}-[0-9]{3}$"))]
    pub code: String,
    /// When it was refused.
    pub timestamp: Time,
    /// The request's id, as in `X-Request-ID`; it names the request in the log.
    pub trace_id: String,
    /// Each fault found in what was sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[oai(default)]
    pub errors: Vec<Violation>,
}

/// One fault in what was sent.
#[derive(Debug, Object, Serialize)]
pub struct Violation {
    /// Path of the field, or the parameter's name.
    pub field: String,
    /// What is wrong and what is expected.
    pub message: String,
    /// The rule that was broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// The value found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
}

impl From<FieldError> for Violation {
    fn from(error: FieldError) -> Self {
        let FieldError { field, message, constraint, value } = error;
        Self { field, message, constraint: constraint.map(str::to_owned), value }
    }
}

/// What operations are refused with. The served document shows for each operation what can happen to it. Without a
/// status stands what can happen to all of them.
const DOCUMENTED: [(Option<u16>, &str); 10] = [
    (Some(400), "The request breaks rules or cannot be understood."),
    (Some(401), "Credentials are missing, invalid or expired."),
    (Some(403), "A web page of another origin may not make this request."),
    (Some(404), "There is no such resource."),
    (Some(409), "The name is taken, or the resource's state forbids it."),
    (Some(410), "The changes after this position are no longer known: list again, and go on from there."),
    (Some(412), "The resource is not at the version that `If-Match` names."),
    (Some(422), "The idempotency key was used before with another request."),
    (Some(431), "The header fields of the request are too large."),
    (
        None,
        "What any request can be refused with: it is too large (413, 414, 431), of another media type (415), or did not \
         arrive in time (408); too many requests (429); an internal error (500); the database is unavailable or the \
         service is overloaded (503); it took too long (504).",
    ),
];

impl ApiResponse for ApiError {
    fn meta() -> MetaResponses {
        let response = |(status, description)| {
            let header = match status {
                Some(401) => Some((
                    "WWW-Authenticate",
                    "How to authenticate, and what is wrong with the token (RFC 6750).",
                    String::schema_ref(),
                )),
                None => Some((
                    "Retry-After",
                    "Seconds after which to try again, with 429 and 503.",
                    MetaSchemaRef::Inline(Box::new(MetaSchema::new("integer"))),
                )),
                _ => None,
            };
            let header = header.map(|(name, description, schema): (&str, &str, _)| MetaHeader {
                name: name.into(),
                description: Some(description.into()),
                required: status.is_some(),
                deprecated: false,
                schema,
            });
            let content = vec![MetaMediaType { content_type: CONTENT_TYPE, schema: Problem::schema_ref() }];
            let headers = header.into_iter().collect();
            MetaResponse { description, status, status_range: None, content, headers }
        };
        MetaResponses { responses: DOCUMENTED.into_iter().map(response).collect() }
    }

    fn register(registry: &mut Registry) {
        Problem::register(registry);
    }
}
