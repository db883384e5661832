//! What a `spec` must look like: schemas that an operator brings along in an OpenAPI file.
//!
//! Of the file only `components.schemas.ClusterSpec` and `.NodePoolSpec` are used, with whatever they refer
//! to. Nothing is ever fetched: references leave neither the file nor the machine. Patterns run in linear
//! time, so no value can make a check hang.

mod chains;
mod document;
mod error;
mod graph;
mod keywords;
#[cfg(test)]
mod tests;
mod translate;
mod violation;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

pub use error::SpecSchemaError;
pub use violation::Violation;

use document::Document;
use graph::Graph;

/// Component that the `spec` of a cluster must match.
pub const CLUSTER_SPEC: &str = "ClusterSpec";
/// Component that the `spec` of a node pool must match.
pub const NODE_POOL_SPEC: &str = "NodePoolSpec";

/// Size of the largest file that is read, in bytes.
const MAX_FILE: u64 = 4 << 20;

/// The schemas by component name. A component without a schema accepts every object.
#[derive(Debug)]
pub struct SpecSchemas {
    validators: BTreeMap<&'static str, Validator>,
}

impl SpecSchemas {
    /// Schemas that accept every object.
    #[must_use]
    pub fn built_in() -> Self {
        Self { validators: BTreeMap::new() }
    }

    /// Checks a desired state against the schema of its component.
    pub fn check(&self, component: &str, spec: &Value) -> Result<(), Vec<crate::error::FieldError>> {
        let violations = self.validate(component, spec);
        violations.map_err(|violations| violations.into_iter().map(crate::error::FieldError::from).collect())
    }

    /// Reads an OpenAPI 3.0 or 3.1 file, YAML or JSON.
    ///
    /// A component that is missing is logged once as a warning and accepts every object.
    ///
    /// # Errors
    /// The file cannot be read, is no OpenAPI document, or holds a schema that cannot be applied.
    pub fn load(path: &Path) -> Result<Self, SpecSchemaError> {
        let mut content = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut content))
            .map_err(|source| SpecSchemaError::Read { path: path.to_owned(), source })?;
        if content.len() as u64 > MAX_FILE {
            return Err(SpecSchemaError::TooLarge { limit: MAX_FILE });
        }
        let text = String::from_utf8(content)
            .map_err(|_| SpecSchemaError::Syntax("it is not UTF-8 text".to_owned()))?;
        Self::from_text(&text)
    }

    /// As [`SpecSchemas::load`], from the content of a file.
    ///
    /// # Errors
    /// The text is no OpenAPI document, or holds a schema that cannot be applied.
    pub fn from_text(text: &str) -> Result<Self, SpecSchemaError> {
        let document = Document::parse(text)?;
        let mut validators = BTreeMap::new();
        for name in [CLUSTER_SPEC, NODE_POOL_SPEC] {
            let pointer = format!("/components/schemas/{name}");
            if document.at(&pointer).is_some() {
                validators.insert(name, compile(&document, &pointer)?);
            } else {
                tracing::warn!(
                    component = name,
                    "the OpenAPI file has no such schema: every object is accepted"
                );
            }
        }
        Ok(Self { validators })
    }

    /// Checks a `spec` against the component `schema_name`.
    ///
    /// The value's nesting must already be bounded (requests are refused beyond 64 levels).
    ///
    /// # Errors
    /// Everything that does not match, at most 100 violations.
    pub fn validate(&self, schema_name: &str, spec: &Value) -> Result<(), Vec<Violation>> {
        if !spec.is_object() {
            return Err(vec![Violation::not_an_object(spec)]);
        }
        let Some(validator) = self.validators.get(schema_name) else {
            return Ok(());
        };
        let violations = violation::collect(validator.iter_errors(spec), "spec", spec);
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }
}

/// One schema of an OpenAPI document, for values other than a `spec`.
#[derive(Debug)]
pub struct Schema(Validator);

impl Schema {
    /// Compiles the component `name` of a document.
    ///
    /// # Errors
    /// The text is no OpenAPI document, or the component cannot be applied.
    pub fn component(document: &str, name: &str) -> Result<Self, SpecSchemaError> {
        compile(&Document::parse(document)?, &format!("/components/schemas/{name}")).map(Self)
    }

    /// Everything in `value` that does not match, at most 100 violations. Their paths start with the fields of `value`.
    #[must_use]
    pub fn violations(&self, value: &Value) -> Vec<Violation> {
        violation::collect(self.0.iter_errors(value), "", value)
    }
}

/// Compiles the schema at `pointer` and all that it refers to.
fn compile(document: &Document, pointer: &str) -> Result<Validator, SpecSchemaError> {
    let graph = Graph::reach(document, pointer)?;
    chains::check(&graph)?;
    for keyword in &graph.ignored {
        tracing::warn!(keyword, schema = pointer, "a keyword that OpenAPI 3.0 does not have is ignored");
    }
    let schema = graph.schema();
    let built = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .should_validate_formats(true)
        .with_pattern_options(PatternOptions::regex())
        .build(&schema);
    built.map_err(|error| refused(&graph, &schema, &error))
}

/// Says where in the file the schema is faulty.
fn refused(graph: &Graph<'_>, schema: &Value, error: &ValidationError<'_>) -> SpecSchemaError {
    let at = graph.place_of(error.instance_path().as_str());
    if let ValidationErrorKind::Format { format } = error.kind()
        && format == "regex"
    {
        let pattern = violation::shorten(error.instance().as_str().unwrap_or_default());
        return SpecSchemaError::Pattern { at, pattern };
    }
    let message =
        violation::of(error, "schema", schema).into_iter().next().map(|violation| violation.message);
    SpecSchemaError::Invalid {
        at,
        message: message.unwrap_or_else(|| violation::shorten(&error.to_string())),
    }
}
