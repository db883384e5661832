use super::body::{Body, JSON, MERGE_PATCH, MediaType, check, read, typed};
use super::pattern::{LABEL_VALUE, NAME};
use super::resource::{Cluster, NodePool, ResourceView};
use super::schema::{closed, described, inline, object, text};
use crate::problem::{ApiError, ApiResult};
use chrono::{DateTime, Utc};
use poem_openapi::Object;
use poem_openapi::registry::{MetaSchema, Registry};
use poem_openapi::types::Type;
use serde::Deserialize;
use serde_json::{Map, Value};
use service::error::{Error, FieldError};
use service::name::{Labels, MAX_LABELS, ResourceName};
use service::resource::{Create, Patch};
use service::spec_schema::MAX_SPEC;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use uuid::Uuid;

/// The request to create a cluster.
pub type ClusterCreateRequest = CreateRequest<Cluster>;
/// The request to create a node pool.
pub type NodePoolCreateRequest = CreateRequest<NodePool>;
/// The request to update a cluster.
pub type ClusterPatchRequest = PatchRequest<Cluster>;
/// The request to update a node pool.
pub type NodePoolPatchRequest = PatchRequest<NodePool>;

/// The request to create a resource. Its `kind` is not parsed, because the schema allows only one value.
#[derive(Debug, Deserialize)]
#[serde(bound = "")]
pub struct CreateRequest<K> {
    name: String,
    spec: Value,
    labels: Option<BTreeMap<String, String>>,
    #[serde(skip)]
    kind: PhantomData<fn() -> K>,
}

/// The request to update a resource. Members that are absent or null are left unchanged.
#[derive(Debug)]
pub struct PatchRequest<K>(PhantomData<fn() -> K>);

/// The request to update a resource, as a JSON merge patch.
#[derive(Debug)]
struct MergePatch;

/// The request to remove a resource immediately.
#[derive(Debug, Object, Deserialize)]
pub struct ForceDeleteRequest {
    /// The reason for the removal, which is recorded in the audit log.
    #[oai(validator(min_length = 1, max_length = 1024, pattern = r"[^\s\x85]"))]
    pub reason: String,
}

impl<K: ResourceView> CreateRequest<K> {
    /// Converts the request for the service.
    pub fn into_create(self, owner: Option<Uuid>, caller: String) -> service::Result<Create> {
        let name = ResourceName::parse(K::KIND, &self.name)?;
        let labels = Labels::parse(self.labels.unwrap_or_default()).map_err(Error::invalid_fields)?;
        Ok(Create { kind: K::KIND, owner, name, spec: self.spec, labels, caller })
    }
}

impl<K: ResourceView> Body for CreateRequest<K> {
    type Value = Self;

    fn parse(_: &str, body: Value, _: DateTime<Utc>) -> ApiResult<Self> {
        let body = without_nulls(body);
        let more = section_faults(&body);
        read(body, more)
    }
}

impl<K: ResourceView> Body for PatchRequest<K> {
    type Value = Patch;

    const MEDIA_TYPES: &'static [MediaType] =
        &[(JSON, Self::schema_ref), (MERGE_PATCH, MergePatch::schema_ref)];

    fn parse(media_type: &str, mut body: Value, _: DateTime<Utc>) -> ApiResult<Patch> {
        let merge = media_type == MERGE_PATCH;
        let immutable = immutable_member_faults(&body);
        if merge {
            check::<MergePatch>(&body, [key_faults(&body["labels"]), immutable].concat())?;
        } else {
            check::<Self>(&body, [section_faults(&body), immutable].concat())?;
        }
        let mut sections = body.as_object().into_iter().flat_map(Map::values);
        if sections.all(|section| section.is_null() && !merge) {
            let nulls = body.as_object().is_some_and(|sections| !sections.is_empty());
            let hint = if nulls { NULL_KEEPS } else { "" };
            let detail = format!("At least one field must be provided for update: spec or labels{hint}");
            return Err(ApiError::bad_request(detail, Vec::new()));
        }
        if merge {
            return Ok(Patch::Merge(body));
        }
        let labels: Option<BTreeMap<String, String>> = typed(body["labels"].take())?;
        let labels = labels.map(Labels::parse).transpose().map_err(Error::invalid_fields)?;
        Ok(Patch::Replace { spec: Some(body["spec"].take()).filter(Value::is_object), labels })
    }
}

impl Body for ForceDeleteRequest {
    type Value = Self;

    fn parse(_: &str, body: Value, _: DateTime<Utc>) -> ApiResult<Self> {
        read(without_nulls(body), Vec::new())
    }
}

/// Removes null members, so that a missing field is reported as missing. A null `spec` is kept and reported as a
/// wrong type.
pub(super) fn without_nulls(mut body: Value) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.retain(|name, value| !value.is_null() || name == "spec");
    }
    body
}

/// Returns the faults of `spec` and `labels` that their schemas cannot express.
fn section_faults(body: &Value) -> Vec<FieldError> {
    let mut faults = key_faults(&body["labels"]);
    if body["spec"].is_object() && body["spec"].to_string().len() > MAX_SPEC {
        let message = format!("spec must be at most {MAX_SPEC} bytes");
        faults.push(FieldError::new("spec", message).constraint("max_length"));
    }
    faults
}

/// Returns faults for members that cannot be changed. Only names that a path shows unquoted are included.
fn immutable_member_faults(body: &Value) -> Vec<FieldError> {
    let plain = |name: &&String| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let names = body.as_object().into_iter().flat_map(Map::keys).filter(plain);
    let names = names.filter(|name| !matches!(name.as_str(), "spec" | "labels") && name.len() <= 40).take(40);
    let fault = |name: &String| {
        let message = format!("{name} cannot be changed; a change may contain only spec and labels");
        FieldError::new(name, message).constraint("enum")
    };
    names.map(fault).collect()
}

/// Returns the faults of label keys. OpenAPI 3.0 cannot express rules for the names of members.
fn key_faults(labels: &Value) -> Vec<FieldError> {
    let set = labels.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    Labels::parse(set.map(|(key, _)| (key.clone(), String::new())).collect()).err().unwrap_or_default()
}

described!(CreateRequest<K> where [K: ResourceView], format!("{}CreateRequest", K::KIND), component create::<K>);
described!(PatchRequest<K> where [K: ResourceView], format!("{}PatchRequest", K::KIND), component patch);
described!(MergePatch, "MergePatch", component merge_patch);

fn create<K: ResourceView>(_: &mut Registry) -> MetaSchema {
    let (length, pattern) = (K::KIND.name_length(), Some(NAME.into()));
    let (min_length, max_length) = (Some(*length.start()), Some(*length.end()));
    let enum_items = vec![K::KIND.as_str().into(), Value::Null];
    let members = [
        ("kind", "The kind of the resource.", MetaSchema { enum_items, nullable: true, ..text(None) }),
        ("name", UNIQUE, MetaSchema { min_length, max_length, pattern, ..text(None) }),
        (
            "spec",
            "The desired state, at most 256 KiB. Must match the schema that the operator has configured, if any.",
            spec(false),
        ),
        ("labels", LABELS, labels(false)),
    ];
    object("A resource to create. Unknown fields are ignored.", &["name", "spec"], members)
}

fn patch(registry: &mut Registry) -> MetaSchema {
    MergePatch::register(registry);
    let members = [
        ("spec", "The new desired state. Replaces the previous one.", spec(true)),
        ("labels", "The new labels. Replace all previous labels. `{}` removes all.", labels(false)),
    ];
    closed(object(
        "A change of a resource. Fields that are absent or null stay unchanged; others are replaced as a whole.",
        &[],
        members,
    ))
}

fn merge_patch(_: &mut Registry) -> MetaSchema {
    let members = [
        ("spec", "The changes of the desired state.", spec(false)),
        ("labels", "The changes of the labels.", labels(true)),
    ];
    closed(object(MERGED, &[], members))
}

const NULL_KEEPS: &str = "; null leaves a field as it is. To remove labels send {}, or a merge patch as \
                          application/merge-patch+json";
const UNIQUE: &str = "The name, unique among the resources of its kind (node pools: of its cluster) that are not \
                      marked for deletion.";
const MERGED: &str = "A change of a resource as a JSON merge patch (RFC 7396): members are merged, and null removes \
                      a member. The result must satisfy the rules of a create request.";
const LABELS: &str = "At most 64 labels that follow the rules of Kubernetes. A key is an optional DNS prefix of at \
                      most 253 characters and `/`, followed by at most 63 letters, digits, `.`, `_` or `-`, with a \
                      letter or digit at both ends.";

fn spec(nullable: bool) -> MetaSchema {
    let additional_properties = Some(Box::new(inline(MetaSchema::ANY)));
    MetaSchema { nullable, additional_properties, ..MetaSchema::new("object") }
}

/// Returns the schema of labels. In a merge patch null removes a label, so the limit is twice as high: all labels
/// can be removed and as many set.
fn labels(merged: bool) -> MetaSchema {
    let value = MetaSchema { pattern: Some(LABEL_VALUE.into()), nullable: merged, ..text(None) };
    let additional_properties = Some(Box::new(inline(value)));
    let max_properties = Some(if merged { 2 * MAX_LABELS } else { MAX_LABELS });
    MetaSchema { nullable: true, max_properties, additional_properties, ..MetaSchema::new("object") }
}
