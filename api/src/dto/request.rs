use crate::app::App;
use crate::json::{self, Fields};
use crate::problem::{ApiError, Code};
use poem::http::{StatusCode, header};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, Object};
use serde_json::{Map, Value};
use service::resource::Change;
use service::{FieldError, Kind, Labels, ResourceName};
use std::collections::{BTreeMap, HashMap};

/// The largest desired state, in bytes.
const MAX_SPEC: usize = 256 * 1024;
/// The longest reason of a forced deletion, in characters.
const MAX_REASON: usize = 1024;

/// What a body is read as. The implementing type is what the served document says of it.
pub trait ReadBody: Type {
    /// What an operation gets.
    type Value: Send;

    /// Reads `body`; every fault in it is found at once.
    fn read(body: Value, app: &App) -> Result<Self::Value, ApiError>;
}

/// The body of a request.
#[derive(Debug)]
pub struct Input<S: ReadBody> {
    /// What was read.
    pub value: S::Value,
    /// The document as it was understood, the same for any two bodies that say the same.
    pub canonical: String,
}

impl<'a, S: ReadBody> ApiExtractor<'a> for Input<S> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        S::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: "application/json", schema: S::schema_ref() }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        check_content_type(request.content_type())?;
        let app = request.data::<App>().ok_or_else(|| ApiError::internal("no application in the request"))?;
        let bytes = body.take()?.into_bytes().await?;
        let body = json::parse(&bytes)?;
        let canonical = body.to_string();
        Ok(Self { value: S::read(body, app)?, canonical })
    }
}

/// JSON by any of its names. No name at all passes for JSON: many clients send none.
fn check_content_type(content_type: Option<&str>) -> Result<(), ApiError> {
    let Some(content_type) = content_type else { return Ok(()) };
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let suffixed = essence.starts_with("application/") && essence.ends_with("+json");
    if essence == "application/json" || suffixed {
        return Ok(());
    }
    let detail = "The request body must be JSON, with Content-Type: application/json";
    let error = ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::Malformed, detail);
    Err(error.with_header(header::ACCEPT, header::HeaderValue::from_static("application/json")))
}

/// A cluster to be.
#[derive(Debug, Object)]
pub struct ClusterCreateRequest {
    /// If given, `Cluster`.
    pub kind: Option<String>,
    /// Unique among clusters that are not marked for deletion.
    #[oai(validator(min_length = 3, max_length = 53, pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// The desired state, at most 256 KiB.
    pub spec: HashMap<String, Value>,
    /// At most 64 labels by the rules of Kubernetes.
    pub labels: Option<HashMap<String, String>>,
}

/// A node pool to be.
#[derive(Debug, Object)]
pub struct NodePoolCreateRequest {
    /// If given, `NodePool`.
    pub kind: Option<String>,
    /// Unique among the node pools of the cluster that are not marked for deletion.
    #[oai(validator(min_length = 3, max_length = 15, pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// The desired state, at most 256 KiB.
    pub spec: HashMap<String, Value>,
    /// At most 64 labels by the rules of Kubernetes.
    pub labels: Option<HashMap<String, String>>,
}

/// What shall become of a cluster. Absent or null leaves a section as it is; at least one must be given.
#[derive(Debug, Object)]
pub struct ClusterPatchRequest {
    /// The whole new desired state.
    #[oai(nullable)]
    pub spec: Option<HashMap<String, Value>>,
    /// All the new labels.
    #[oai(nullable)]
    pub labels: Option<HashMap<String, String>>,
}

/// What shall become of a node pool. Absent or null leaves a section as it is; at least one must be given.
#[derive(Debug, Object)]
pub struct NodePoolPatchRequest {
    /// The whole new desired state.
    #[oai(nullable)]
    pub spec: Option<HashMap<String, Value>>,
    /// All the new labels.
    #[oai(nullable)]
    pub labels: Option<HashMap<String, String>>,
}

/// Why a resource shall go at once.
#[derive(Debug, Object)]
pub struct ForceDeleteRequest {
    /// The reason, for the audit log.
    #[oai(validator(min_length = 1, max_length = 1024, pattern = r"[^\s\x85]"))]
    pub reason: String,
}

/// A resource to be, as it was read.
#[derive(Debug)]
pub struct NewResource {
    /// Its name.
    pub name: ResourceName,
    /// Its desired state.
    pub spec: Value,
    /// Its labels.
    pub labels: Labels,
}

impl ReadBody for ClusterCreateRequest {
    type Value = NewResource;

    fn read(body: Value, app: &App) -> Result<NewResource, ApiError> {
        read_new(Kind::Cluster, body, app)
    }
}

impl ReadBody for NodePoolCreateRequest {
    type Value = NewResource;

    fn read(body: Value, app: &App) -> Result<NewResource, ApiError> {
        read_new(Kind::NodePool, body, app)
    }
}

impl ReadBody for ClusterPatchRequest {
    type Value = Change;

    fn read(body: Value, app: &App) -> Result<Change, ApiError> {
        read_change(Kind::Cluster, body, app)
    }
}

impl ReadBody for NodePoolPatchRequest {
    type Value = Change;

    fn read(body: Value, app: &App) -> Result<Change, ApiError> {
        read_change(Kind::NodePool, body, app)
    }
}

impl ReadBody for ForceDeleteRequest {
    /// The reason.
    type Value = String;

    fn read(body: Value, _: &App) -> Result<String, ApiError> {
        let mut fields = Fields::of(body)?;
        let reason = fields.text("reason");
        let length = reason.as_deref().map_or(0, |reason| reason.chars().count());
        if reason.as_deref().is_some_and(|reason| reason.trim().is_empty()) {
            fields.fault("reason", "reason is required", "required");
        } else if length > MAX_REASON {
            fields.fault("reason", "reason must be at most 1024 characters", "max_length");
        }
        fields.finish(reason)
    }
}

fn read_new(kind: Kind, body: Value, app: &App) -> Result<NewResource, ApiError> {
    let mut fields = Fields::of(body)?;
    if fields.optional_text("kind").is_some_and(|named| named != kind.as_str()) {
        fields.fault("kind", format!("kind must be '{kind}'"), "enum");
    }
    let name = fields.text("name").and_then(|name| fields.keep(ResourceName::parse(kind, &name)));
    let spec = fields.object("spec").and_then(|spec| check_spec(kind, spec, app, &mut fields));
    let labels = fields.optional_object("labels");
    let labels = labels.map_or(Some(Labels::default()), |map| read_labels(map, &mut fields));
    let new = name.zip(spec).zip(labels).map(|((name, spec), labels)| NewResource { name, spec, labels });
    fields.finish(new)
}

fn read_change(kind: Kind, body: Value, app: &App) -> Result<Change, ApiError> {
    let mut fields = Fields::of(body)?;
    let spec = fields.optional_object("spec").and_then(|spec| check_spec(kind, spec, app, &mut fields));
    let labels = fields.optional_object("labels").and_then(|map| read_labels(map, &mut fields));
    for unknown in fields.rest() {
        let shown: String = unknown.chars().take(80).collect();
        fields.fault(&shown, "only spec and labels can be changed", "enum");
    }
    let change = fields.finish(Some(Change { spec, labels }))?;
    if change.spec.is_none() && change.labels.is_none() {
        let detail = "at least one field must be provided for update: spec or labels";
        return Err(ApiError::bad_request(detail, Vec::new()));
    }
    Ok(change)
}

fn check_spec(kind: Kind, spec: Map<String, Value>, app: &App, fields: &mut Fields) -> Option<Value> {
    let spec = Value::Object(spec);
    if spec.to_string().len() > MAX_SPEC {
        fields.fault("spec", format!("spec must be at most {MAX_SPEC} bytes"), "max_length");
        return None;
    }
    match app.context.settings.schemas.validate(kind.spec_schema(), &spec) {
        Ok(()) => Some(spec),
        Err(violations) => {
            fields.extend(violations.into_iter().map(|violation| FieldError {
                field: violation.path,
                message: violation.message,
                constraint: violation.constraint,
                value: None,
            }));
            None
        }
    }
}

fn read_labels(map: Map<String, Value>, fields: &mut Fields) -> Option<Labels> {
    let mut labels = BTreeMap::new();
    let mut texts = true;
    for (key, value) in map {
        match value {
            Value::String(value) => {
                labels.insert(key, value);
            }
            other => {
                texts = false;
                let shown: String = key.chars().take(80).collect();
                fields.wrong_type::<()>(&format!("labels[{shown}]"), "a string", &other);
            }
        }
    }
    match Labels::parse(labels) {
        Ok(labels) => texts.then_some(labels),
        Err(errors) => {
            fields.extend(errors);
            None
        }
    }
}
