//! Request bodies, validated by the schemas in the served document.

use super::pattern::explained;
use super::schema::tidy;
use crate::app::App;
use crate::json;
use crate::problem::{self, ApiError, ApiResult};
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use poem::error::ReadBodyError;
use poem::http::{StatusCode, header};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use service::db::Consistency;
use service::error::{Error, FieldError, shortened};
use service::model::Target;
use service::resource;
use service::spec_schema::document::Document;
use service::spec_schema::schema::Schema;
use service::spec_schema::violation::SchemaViolation;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// The media type of JSON bodies.
pub(super) const JSON: &str = "application/json";
/// The media type of a JSON merge patch (RFC 7396).
pub(super) const MERGE_PATCH: &str = "application/merge-patch+json";

/// The number of conditions and of labels that are kept for validation. It exceeds the limit of every schema.
const MAX_CHECKED: usize = 200;

/// The name of a media type, and the schema of its content.
pub type MediaType = (&'static str, fn() -> MetaSchemaRef);

/// A request body. The implementing type provides its schema in the served document.
pub trait Body: Type {
    /// The parsed value that an operation receives.
    type Value: Send;

    /// The media types that are accepted.
    const MEDIA_TYPES: &'static [MediaType] = &[(JSON, Self::schema_ref)];

    /// Parses `body`, which has one of the [media types](Self::MEDIA_TYPES). All its faults are reported together.
    fn parse(media_type: &str, body: Value, now: DateTime<Utc>) -> ApiResult<Self::Value>;
}

/// The parsed body of a request, or the error of parsing it. If an operation on a resource gets a faulty body, the
/// error is returned only if the resource exists: clients that report on a removed resource stop when they get 404.
#[derive(Debug)]
pub struct Input<S: Body>(ApiResult<(S::Value, String)>);

impl<S: Body> Input<S> {
    /// Returns the parsed value, and the document in a canonical form that is identical for equivalent bodies.
    pub fn into_value(self) -> ApiResult<(S::Value, String)> {
        self.0
    }

    /// Returns the parsed value for an operation on `target`, and the canonical document as
    /// [`into_value`](Self::into_value) does.
    ///
    /// # Errors
    /// The faults of the body, or 404 if the body has faults and the resource does not exist.
    pub async fn into_value_for(self, app: &App, target: &Target) -> ApiResult<(S::Value, String)> {
        if self.0.is_err() {
            resource::get(&app.context, Consistency::Strong, target).await?;
        }
        self.0
    }

    async fn parse(request: &Request, body: &mut RequestBody) -> ApiResult<(S::Value, String)> {
        let accepted: Vec<&str> = S::MEDIA_TYPES.iter().map(|(name, _)| *name).collect();
        let media_type = media_type(request.content_type(), &accepted)?;
        let app = App::of(request)?;
        let refused = |error: ReadBodyError| problem::of_poem(error.into(), request.uri().path());
        let bytes = body.take().map_err(refused)?.into_bytes().await.map_err(refused)?;
        let mut body = json::parse(&bytes)?;
        let canonical = body.to_string();
        truncate_collections(&mut body);
        Ok((S::parse(media_type, body, app.context.clock.now())?, canonical))
    }
}

impl<'a, S: Body> ApiExtractor<'a> for Input<S> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        S::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = S::MEDIA_TYPES.iter();
        let content = content.map(|(name, schema)| MetaMediaType { content_type: name, schema: schema() });
        Some(MetaRequest { description: None, content: content.collect(), required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(Self(Self::parse(request, body).await))
    }
}

/// Truncates conditions and labels that exceed the limits in any case: an error for each of a million items would
/// take too much memory.
fn truncate_collections(body: &mut Value) {
    if let Some(conditions) = body.get_mut("conditions").and_then(Value::as_array_mut) {
        conditions.truncate(MAX_CHECKED);
    }
    if let Some(labels) = body.get_mut("labels").and_then(Value::as_object_mut) {
        *labels = std::mem::take(labels).into_iter().take(MAX_CHECKED).collect();
    }
}

/// Returns the accepted media type of a body. A missing `Content-Type` counts as JSON, because many clients send
/// none.
fn media_type<'a>(content_type: Option<&str>, accepted: &[&'a str]) -> Result<&'a str, ApiError> {
    let essence = content_type.unwrap_or(JSON).split(';').next().unwrap_or_default().trim();
    accepted.iter().find(|name| essence.eq_ignore_ascii_case(name)).copied().ok_or_else(|| {
        let accepted = accepted.join(", ");
        let detail = format!("The Content-Type of the request body must be one of: {accepted}");
        let error = ApiError::malformed(detail).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        error.with_header(header::ACCEPT, accepted)
    })
}

/// Validates `body` with the schema of `S`. `more` contains the faults that the schema cannot express.
pub(super) fn check<S: Type>(body: &Value, more: Vec<FieldError>) -> ApiResult<()> {
    if !body.is_object() {
        return Err(ApiError::malformed("The request body must be a JSON object"));
    }
    let mut violations = schema_of::<S>()?.violations(body);
    // Keeps one fault for each field, a wrong type first. A fault in `more` is more precise and replaces the
    // schema's violation of the same rule. Whether the body may be empty is checked by `S` itself.
    let found = |violation: &SchemaViolation| {
        let same = |fault: &FieldError| fault.constraint == Some(violation.constraint);
        more.iter().any(|fault| same(fault) && fault.field.starts_with(&violation.path))
    };
    let empty = |violation: &SchemaViolation| violation.path.is_empty() && violation.constraint == "min";
    violations.retain(|violation| !empty(violation) && !found(violation));
    violations.sort_by_key(|violation| (violation.path.clone(), violation.constraint != "type"));
    violations.dedup_by(|a, b| a.path == b.path);
    let faults: Vec<FieldError> =
        violations.into_iter().map(|violation| fault_of(violation, body)).chain(more).collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::invalid_fields(faults).into()) }
}

/// Converts a violation to a fault of the API: labels are identified by their keys, and the beginning of the value
/// is included.
fn fault_of(violation: SchemaViolation, body: &Value) -> FieldError {
    let violation = SchemaViolation { message: explained(violation.message), ..violation };
    let label = violation.path.strip_prefix("labels").filter(|rest| rest.starts_with(['.', '[']));
    let key = label.map(|rest| rest.trim_matches(['.', '[', ']', '"']).to_owned());
    let mut fault = FieldError::from(match &key {
        Some(key) => SchemaViolation { path: format!("labels[{key}]"), ..violation },
        None => violation,
    });
    let value = key.map_or(&body[fault.field.as_str()], |key| &body["labels"][key.as_str()]);
    fault.value = value.as_str().map(|text| shortened(text).into());
    fault
}

/// Returns the compiled schema of a type, as it is served.
fn schema_of<S: Type>() -> ApiResult<Arc<Schema>> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Schema>>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock();
    let name = S::name();
    if let Some(schema) = compiled.get(name.as_ref()) {
        return Ok(schema.clone());
    }
    let mut registry = Registry::new();
    S::register(&mut registry);
    let mut document = json!({ "openapi": "3.0.0", "components": { "schemas": registry.schemas } });
    tidy(&mut document);
    let schema = Document::new(document).and_then(|document| Schema::component(&document, &name));
    let schema = Arc::new(schema.map_err(|error| ApiError::internal(format!("{name}: {error}")))?);
    compiled.insert(name.into_owned(), schema.clone());
    Ok(schema)
}

/// Validates `body` as [`check`] does, and deserializes it.
pub(super) fn read<S: Type + DeserializeOwned>(body: Value, more: Vec<FieldError>) -> ApiResult<S> {
    check::<S>(&body, more)?;
    typed(body)
}

/// Deserializes a value that has been validated.
pub(super) fn typed<T: DeserializeOwned>(value: Value) -> ApiResult<T> {
    serde_json::from_value(value)
        .map_err(|error| ApiError::malformed(format!("The request body cannot be read: {error}")))
}
