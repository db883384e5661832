//! The problem document, and the error responses in the served document.

use crate::dto::Time;
use poem_openapi::Object;
use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef,
};
use poem_openapi::types::Type;
use serde::Serialize;
use service::FieldError;

/// The media type of problem documents.
pub(super) const CONTENT_TYPE: &str = "application/problem+json";

/// The reason why a request was refused, as a problem document (RFC 9457).
#[derive(Debug, Object, Serialize)]
pub struct Problem {
    /// A URI that identifies the problem type.
    #[oai(validator(pattern = "^https://api\\.hyperfleet\\.io/errors/[a-z-]+$"))]
    pub r#type: String,
    /// A short summary of the problem type.
    pub title: String,
    /// The HTTP status code.
    #[oai(validator(minimum(value = "400"), maximum(value = "599")))]
    pub status: u16,
    /// An explanation of what is wrong with this request.
    pub detail: String,
    /// The path of the request.
    pub instance: String,
    /// A stable error code. Clients should base decisions on this field.
    #[oai(validator(pattern = "^HYPERFLEET-[A-Z]{3}-[0-9]{3}$"))]
    pub code: String,
    /// The time at which the request was refused.
    pub timestamp: Time,
    /// The ID of the request, as in the header `X-Request-ID`. It identifies the request in the server's log.
    pub trace_id: String,
    /// All faults that were found in the request. Absent if no single field or parameter is at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[oai(default)]
    pub errors: Vec<Violation>,
}

/// A fault in a request.
#[derive(Debug, Object, Serialize)]
pub struct Violation {
    /// The path of the field, or the name of the parameter.
    pub field: String,
    /// A description of what is wrong and what is expected.
    pub message: String,
    /// The rule that was violated, such as `required` or `max_length`. Absent if the rule has no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// The value that was found, or its beginning. If a name is in use, the ID of the resource that has it. Absent if
    /// no value is available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
}

impl From<FieldError> for Violation {
    fn from(error: FieldError) -> Self {
        let FieldError { field, message, constraint, value } = error;
        Self { field, message, constraint: constraint.map(str::to_owned), value }
    }
}

/// The error responses of operations. The served document lists for each operation those that it can return. The
/// entry without a status describes those that every operation can return.
const DOCUMENTED: [(Option<u16>, &str); 10] = [
    (Some(400), "The request is invalid or cannot be parsed."),
    (Some(401), "Credentials are missing, invalid or expired."),
    (Some(403), "The request is from a web page, or for a host name, that is not allowed."),
    (Some(404), "The resource does not exist."),
    (Some(409), "The name is already in use, or the state of the resource does not allow the request."),
    (Some(410), "The changes after this position are no longer available: list again, then continue."),
    (Some(412), "The current entity tag of the resource does not match `If-Match`."),
    (Some(422), "The idempotency key was already used with a different request."),
    (Some(431), "The header fields of the request are too large."),
    (
        None,
        "Errors that any request can get: it is too large (413, 414, 431), has an unsupported media type (415), or did \
         not arrive before the timeout (408); an internal error (500); the database is unavailable or the service is \
         overloaded (503); the request took too long (504). A request that waits for changes also gets 429 if too many \
         requests are waiting for changes.",
    ),
];

/// Returns the error responses as they appear in the served document.
pub(super) fn responses() -> MetaResponses {
    let response = |(status, description)| {
        let header = match status {
            Some(401) => Some((
                "WWW-Authenticate",
                "How to authenticate, and why the token was refused (RFC 6750).",
                String::schema_ref(),
            )),
            Some(409) | None => Some((
                "Retry-After",
                "The number of seconds after which to retry. Sent with 429, 503 and 504, and with 409 if a retry can succeed.",
                MetaSchemaRef::Inline(Box::new(MetaSchema::new("integer"))),
            )),
            _ => None,
        };
        let header = header.map(|(name, description, schema): (&str, &str, _)| MetaHeader {
            name: name.into(),
            description: Some(description.into()),
            required: status == Some(401),
            deprecated: false,
            schema,
        });
        let content = vec![MetaMediaType { content_type: CONTENT_TYPE, schema: Problem::schema_ref() }];
        let headers = header.into_iter().collect();
        MetaResponse { description, status, status_range: None, content, headers }
    };
    MetaResponses { responses: DOCUMENTED.into_iter().map(response).collect() }
}
