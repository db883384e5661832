//! What a refusal looks like, and what the served document says of refusals.

use crate::dto::Time;
use poem_openapi::Object;
use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef,
};
use poem_openapi::types::Type;
use serde::Serialize;
use service::FieldError;

/// The media type of problems.
pub(super) const CONTENT_TYPE: &str = "application/problem+json";

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

/// What operations can be refused with, as the served document has it.
pub(super) fn responses() -> MetaResponses {
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
