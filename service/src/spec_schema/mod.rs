//! Compiles schemas of OpenAPI files and validates values with them: `spec` with the schemas of the operator's file, and
//! request bodies with those of the served document (`api/src/dto/body.rs`).
//!
//! Of the operator's file, only `components.schemas.ClusterSpec` and `.NodePoolSpec` are used, and the schemas that they refer
//! to. Nothing is fetched: references out of the file are never followed. No value can block a check: its work is
//! counted and limited, and patterns run in linear time.

mod budget;
mod chains;
pub mod document;
pub mod error;
mod graph;
mod keywords;
pub mod schema;
#[cfg(test)]
mod tests;
mod translate;
pub mod violation;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use crate::error::FieldError;
use document::Document;
use error::SpecSchemaError;
use schema::Schema;
use violation::SchemaViolation;

/// The component that the `spec` of a cluster must match.
pub const CLUSTER_SPEC: &str = "ClusterSpec";
/// The component that the `spec` of a node pool must match.
pub const NODE_POOL_SPEC: &str = "NodePoolSpec";

/// The maximum size of the OpenAPI file, in bytes.
const MAX_FILE: u64 = 4 << 20;
/// The maximum size of a `spec`, in bytes of JSON.
pub const MAX_SPEC: usize = 256 * 1024;

/// The schemas by component name. A component without a schema accepts every object.
#[derive(Debug, Default)]
pub struct SpecSchemas {
    schemas: BTreeMap<&'static str, Schema>,
    components: Map<String, Value>,
}

impl SpecSchemas {
    /// Returns schemas that accept every object.
    #[must_use]
    pub fn built_in() -> Self {
        Self::default()
    }

    /// Reads an OpenAPI 3.0 or 3.1 file in YAML or JSON.
    ///
    /// A missing component is logged once as a warning and accepts every object.
    ///
    /// # Errors
    /// The file cannot be read, is not an OpenAPI document, or contains a schema that cannot be applied.
    pub fn load(path: &Path) -> Result<Self, SpecSchemaError> {
        let mut content = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut content))
            .map_err(|error| SpecSchemaError::new(format!("cannot read {}: {error}", path.display())))?;
        if content.len() as u64 > MAX_FILE {
            return Err(SpecSchemaError::new(format!("the OpenAPI file is larger than {MAX_FILE} bytes")));
        }
        let text = String::from_utf8(content);
        Self::from_text(&text.map_err(|_| SpecSchemaError::new("the OpenAPI file is not UTF-8 text"))?)
    }

    /// Does the same as [`SpecSchemas::load`], with the content of a file.
    ///
    /// # Errors
    /// The text is not an OpenAPI document, or contains a schema that cannot be applied.
    pub fn from_text(text: &str) -> Result<Self, SpecSchemaError> {
        let document = Document::parse(text)?;
        let mut schemas = BTreeMap::new();
        for name in [CLUSTER_SPEC, NODE_POOL_SPEC] {
            if document.at(&format!("/components/schemas/{name}")).is_some() {
                schemas.insert(name, Schema::component(&document, name)?);
            } else {
                tracing::warn!(
                    component = name,
                    "the OpenAPI file has no such schema: every object is accepted"
                );
            }
        }
        Ok(Self { components: document.components(schemas.keys().copied()), schemas })
    }

    /// Checks the size of a `spec`, and that it matches the component `name`.
    ///
    /// A check usually takes microseconds, and about 20 ms in the worst case, as long as reading the largest body.
    /// It may therefore run on a thread of the runtime, and moving it to another thread has no benefit. The nesting
    /// of the value must already be limited (requests are refused beyond 64 levels).
    ///
    /// # Errors
    /// All violations, at most 100. Their paths start with `spec`.
    pub fn check(&self, name: &str, spec: &Value) -> Result<(), Vec<FieldError>> {
        let refused = |message, constraint| vec![SchemaViolation::new("spec", message, constraint)];
        let violations = if !spec.is_object() {
            refused(format!("must be an object, not {}", violation::type_of(spec)), "type")
        } else if spec.to_string().len() > MAX_SPEC {
            refused(format!("must be at most {MAX_SPEC} bytes"), "max_length")
        } else {
            self.schemas.get(name).map(|schema| schema.violations_of("spec", spec)).unwrap_or_default()
        };
        if violations.is_empty() {
            Ok(())
        } else {
            Err(violations.into_iter().map(FieldError::from).collect())
        }
    }

    /// Returns the schemas as written in the file, and the components that they refer to, by name. They are for
    /// documentation and client generators. Empty for the built-in schemas.
    pub fn components(&self) -> &Map<String, Value> {
        &self.components
    }
}
