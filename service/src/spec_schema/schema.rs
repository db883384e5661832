//! A compiled schema.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::budget;
use super::chains;
use super::document::Document;
use super::error::SpecSchemaError;
use super::graph::Graph;
use super::translate;
use super::violation::{Checked, SchemaViolation, shorten};

/// The maximum number of steps to decide whether a value is valid. A step takes 5 to 10 ns.
const VALIDATION_STEPS: u64 = 1_000_000;
/// The maximum number of steps to describe the violations of a value.
const DESCRIPTION_STEPS: u64 = 1_250_000;

/// A compiled schema of an OpenAPI document.
#[derive(Debug)]
pub struct Schema {
    metered: Value,
    validator: Validator,
}

impl Schema {
    /// Compiles the component `name` of a document and all schemas that it refers to. The schema applies to
    /// requests: properties that are `readOnly` are not required.
    ///
    /// # Errors
    /// The component does not exist, or a schema is invalid or not supported.
    pub fn component(document: &Document, name: &str) -> Result<Self, SpecSchemaError> {
        let pointer = format!("/components/schemas/{name}");
        let graph = translate::translate(document, &pointer)?;
        chains::check(&graph)?;
        for keyword in &graph.ignored {
            tracing::warn!(keyword, schema = name, "a keyword that OpenAPI 3.0 does not have is ignored");
        }
        let options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .offline()
            .should_validate_formats(true)
            .with_pattern_options(PatternOptions::regex())
            .with_keyword(budget::KEYWORD, budget::keyword);
        let metered = graph.schema(budget::metered);
        match options.build(&metered) {
            Ok(validator) => Ok(Self { metered, validator }),
            // Without the meters, the error has its location in the file.
            Err(error) => {
                let plain = graph.schema(Value::clone);
                Err(refused(&graph, &plain, options.build(&plain).err().unwrap_or(error)))
            }
        }
    }

    /// Returns the violations in `value`, at most 100. Their paths start with the fields of `value`.
    ///
    /// The nesting of the value must already be limited (requests are refused beyond 64 levels). The work is
    /// limited: a value that needs too many steps to decide is refused. For a value that needs too many steps to
    /// describe, only the first violation is returned, or a single one without details.
    #[must_use]
    pub fn violations(&self, value: &Value) -> Vec<SchemaViolation> {
        self.violations_of("", value)
    }

    /// Returns the same violations, with paths that start with `name`.
    pub(super) fn violations_of(&self, name: &str, value: &Value) -> Vec<SchemaViolation> {
        let whole = |message: &str, constraint| vec![SchemaViolation::new(name, message, constraint)];
        match budget::within(VALIDATION_STEPS, || self.validator.is_valid(value)) {
            Some(true) => return Vec::new(),
            Some(false) => {}
            None => return whole("is too large and too deeply nested to be checked", "max"),
        }
        let checked = Checked { name, value, schema: &self.metered };
        let all = || checked.violations(self.validator.iter_errors(value));
        let first = || checked.violations(self.validator.validate(value).err().into_iter());
        let described =
            budget::within(DESCRIPTION_STEPS, all).or_else(|| budget::within(VALIDATION_STEPS, first));
        described.filter(|violations| !violations.is_empty()).unwrap_or_else(|| {
            whole("does not match its schema, and is too deeply nested to tell where", "type")
        })
    }
}

/// Returns the error of a faulty schema, with its location in the file.
fn refused(graph: &Graph<'_>, schema: &Value, error: ValidationError<'_>) -> SpecSchemaError {
    let at = graph.location_of(error.instance_path().as_str());
    if matches!(error.kind(), ValidationErrorKind::Format { format } if format == "regex") {
        let pattern = shorten(error.instance().as_str().unwrap_or_default());
        let problem = "is no regular expression without look-around and back-references, or is too large";
        return SpecSchemaError::at(at, format!("{pattern:?} {problem}"));
    }
    let checked = Checked { name: "", value: schema, schema: &Value::Null };
    let first = checked.violations(std::iter::once(error)).into_iter().next();
    let message = first.map(|first| first.message);
    SpecSchemaError::at(at, message.unwrap_or_default())
}
