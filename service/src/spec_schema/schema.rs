//! One compiled schema.

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

/// Steps that deciding may take, of 5 to 10 ns.
const DECIDING: u64 = 1_000_000;
/// Steps that describing what is wrong may take.
const DESCRIBING: u64 = 1_250_000;

/// A schema of an OpenAPI document, ready to check values.
#[derive(Debug)]
pub struct Schema {
    metered: Value,
    validator: Validator,
}

impl Schema {
    /// Compiles the component `name` of a document and all that it refers to. What it demands is demanded of
    /// requests: not the properties that are `readOnly`.
    ///
    /// # Errors
    /// There is no such component, or a schema breaks the rules or cannot be applied here.
    pub fn component(document: &Document, name: &str) -> Result<Self, SpecSchemaError> {
        let pointer = format!("/components/schemas/{name}");
        let graph = translate::reach(document, &pointer)?;
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
            // Without the meters the error has the location that the file has.
            Err(error) => {
                let plain = graph.schema(Value::clone);
                Err(refused(&graph, &plain, options.build(&plain).err().unwrap_or(error)))
            }
        }
    }

    /// Everything in `value` that does not match, at most 100 violations. Their paths start with the fields of `value`.
    ///
    /// The value's nesting must already be bounded (requests are refused beyond 64 levels). The work is bounded: a
    /// value that takes too much to decide is refused, and of one that takes too much to describe only the first
    /// violation is told, or that there are some.
    #[must_use]
    pub fn violations(&self, value: &Value) -> Vec<SchemaViolation> {
        self.violations_of("", value)
    }

    /// The same for a value that is called `name`: so start the paths.
    pub(super) fn violations_of(&self, name: &str, value: &Value) -> Vec<SchemaViolation> {
        let whole = |message: &str, constraint| vec![SchemaViolation::new(name, message, constraint)];
        match budget::within(DECIDING, || self.validator.is_valid(value)) {
            Some(true) => return Vec::new(),
            Some(false) => {}
            None => return whole("is too large and too deeply nested to be checked", "max"),
        }
        let checked = Checked { name, value, schema: &self.metered };
        let all = || checked.violations(self.validator.iter_errors(value));
        let first = || checked.violations(self.validator.validate(value).err().into_iter());
        let described = budget::within(DESCRIBING, all).or_else(|| budget::within(DECIDING, first));
        described.filter(|violations| !violations.is_empty()).unwrap_or_else(|| {
            whole("does not match its schema, and is too deeply nested to tell where", "type")
        })
    }
}

/// Says where in the file the schema is faulty.
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
