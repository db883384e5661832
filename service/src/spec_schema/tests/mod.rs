//! Tests of operator schemas, and of the specs that they accept and refuse.

mod bounds;
mod load;
mod rules;
mod violations;

use serde_json::{Value, json};

use super::error::SpecSchemaError;
use super::{CLUSTER_SPEC, NODE_POOL_SPEC, SpecSchemas};
use crate::error::FieldError;

/// Returns a document of this version with `ClusterSpec` and further components.
fn document(version: &str, cluster_spec: Value, others: Value) -> Value {
    let mut schemas = others;
    schemas["ClusterSpec"] = cluster_spec;
    schemas["NodePoolSpec"] = json!({});
    json!({ "openapi": version, "info": { "title": "t", "version": "1" }, "paths": {}, "components": { "schemas": schemas } })
}

fn loaded(version: &str, cluster_spec: Value, others: Value) -> Result<SpecSchemas, SpecSchemaError> {
    SpecSchemas::from_text(&document(version, cluster_spec, others).to_string())
}

/// Returns the schemas of an OpenAPI 3.0 document with this `ClusterSpec`.
fn schemas(cluster_spec: Value) -> SpecSchemas {
    loaded("3.0.3", cluster_spec, json!({})).expect("a usable document")
}

fn violations(schemas: &SpecSchemas, spec: &Value) -> Vec<FieldError> {
    schemas.check(CLUSTER_SPEC, spec).err().unwrap_or_default()
}

/// Whether a 3.0 document whose `ClusterSpec.a` has this schema accepts `{"a": value}`.
fn accepts(property: &Value, value: &Value) -> bool {
    let schemas = schemas(json!({ "type": "object", "properties": { "a": property } }));
    schemas.check(CLUSTER_SPEC, &json!({ "a": value })).is_ok()
}
