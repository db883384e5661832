//! Describes schema violations in terms of the value.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::{Map, Value};

use crate::error::{FieldError, abbreviated};

/// The maximum number of violations that are reported.
const MAX_VIOLATIONS: usize = 100;
/// The maximum number of errors that are read to find them: many errors may describe the same violation.
const MAX_ERRORS: usize = 1000;
/// The maximum number of characters of a value, a name or a pattern that a message repeats.
const MAX_SHOWN: usize = 100;

/// The message for a text that does not have the format `date-time`.
const TIME: &str = "must be a date and time of RFC 3339 with a time zone, like 2026-01-31T12:00:00Z";

/// A violation of a schema by a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaViolation {
    /// The invalid field, such as `spec.nodes` or `spec.items[2].name`. A missing field has the path that it would
    /// have. Empty for a whole body.
    pub path: String,
    /// What was expected, as the continuation of a sentence that begins with the path.
    pub message: String,
    /// The kind of rule: `required`, `type`, `min`, `max`, `min_length`, `max_length`, `pattern`, `enum`, `format`
    /// or `unique`.
    pub constraint: &'static str,
}

impl SchemaViolation {
    pub(super) fn new(path: impl Into<String>, message: impl Into<String>, constraint: &'static str) -> Self {
        Self { path: path.into(), message: message.into(), constraint }
    }
}

/// The message repeats the field, because the summary of a problem with a single error does not otherwise name it.
impl From<SchemaViolation> for FieldError {
    fn from(SchemaViolation { path, message, constraint }: SchemaViolation) -> Self {
        let named = if path.is_empty() { "the body" } else { path.as_str() };
        let message = format!("{named} {message}");
        Self::new(path, message).constraint(constraint)
    }
}

type Alternatives = [Vec<ValidationError<'static>>];

/// A value that was checked.
#[derive(Clone, Copy)]
pub(super) struct Checked<'a> {
    /// The path of the value in the request, such as `spec`; empty for a whole body.
    pub(super) name: &'a str,
    pub(super) value: &'a Value,
    /// The compiled schema.
    pub(super) schema: &'a Value,
}

impl Checked<'_> {
    /// Converts errors to violations, without duplicates.
    pub(super) fn violations<'i>(
        self,
        errors: impl Iterator<Item = ValidationError<'i>>,
    ) -> Vec<SchemaViolation> {
        let mut found = Vec::new();
        for violation in errors.take(MAX_ERRORS).flat_map(|error| self.of(&error)) {
            if found.len() < MAX_VIOLATIONS && !found.contains(&violation) {
                found.push(violation);
            }
        }
        found
    }

    /// Converts one error to violations.
    fn of(self, error: &ValidationError<'_>) -> Vec<SchemaViolation> {
        let path = self.path(error.instance_path().as_str());
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                vec![missing(&path, property.as_str().unwrap_or_default())]
            }
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                not_allowed(&path, unexpected.iter())
            }
            // If a schema allows no properties, the error has the path of the object, but the value of a property.
            ValidationErrorKind::FalseSchema
                if self.at(error).is_some_and(|value| value != error.instance().as_ref()) =>
            {
                not_allowed(&path, self.at(error).and_then(Value::as_object).into_iter().flat_map(Map::keys))
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                self.alternatives(context, error, path)
            }
            kind => {
                let (message, constraint) = describe(kind, error);
                vec![SchemaViolation::new(path, message, constraint)]
            }
        }
    }

    /// Returns the part of the value that an error is about.
    fn at(&self, error: &ValidationError<'_>) -> Option<&Value> {
        self.value.pointer(error.instance_path().as_str())
    }

    /// Explains why a value matches no alternative: by the errors of the intended alternative if it is known, or
    /// else by the values that select one.
    fn alternatives(
        self,
        context: &Alternatives,
        error: &ValidationError<'_>,
        path: String,
    ) -> Vec<SchemaViolation> {
        let chooser = self.discriminator(error);
        let chosen = || {
            let (property, values) = chooser?;
            let index = values.get(error.instance().get(property)?.as_str()?)?;
            context.get(usize::try_from(index.as_u64()?).ok()?).map(Vec::as_slice)
        };
        if let Some(branch) = intended_branch(context, error).or_else(chosen) {
            return branch.iter().flat_map(|inner| self.of(inner)).collect();
        }
        vec![match (fixed_values(context), chooser) {
            (Some((at, values)), _) => SchemaViolation::new(self.path(at), one_of(&values), "enum"),
            (None, Some((property, _))) if error.instance().get(property).is_none() => {
                missing(&path, property)
            }
            (None, Some((property, values))) => {
                let names: Vec<Value> = values.keys().map(|name| name.as_str().into()).collect();
                SchemaViolation::new(
                    with_property(&path, property),
                    one_of(&names.iter().collect::<Vec<_>>()),
                    "enum",
                )
            }
            (None, None) => {
                let message = format!("must match one of {} alternatives and matches none", context.len());
                SchemaViolation::new(path, message, "type")
            }
        }]
    }

    /// Returns the property that selects an alternative, and the index of the alternative for each of its values.
    fn discriminator(&self, error: &ValidationError<'_>) -> Option<(&str, &Map<String, Value>)> {
        let (schema, _) = error.schema_path().as_str().rsplit_once('/')?;
        let discriminator = self.schema.pointer(schema)?.get("discriminator")?;
        Some((discriminator.get("property")?.as_str()?, discriminator.get("values")?.as_object()?))
    }

    /// Converts a JSON pointer to a path in the form `spec.items[2].name`.
    fn path(&self, pointer: &str) -> String {
        let mut path = self.name.to_owned();
        let mut value = Some(self.value);
        for step in pointer.split('/').skip(1) {
            let name = step.replace("~1", "/").replace("~0", "~");
            // Only the value shows whether `2` is an index or the name of a property.
            if let Some(Value::Array(items)) = value {
                value = name.parse().ok().and_then(|index: usize| items.get(index));
                path = format!("{path}[{name}]");
            } else {
                value = value.and_then(|value| value.get(&name));
                path = with_property(&path, &name);
            }
        }
        path
    }
}

fn not_allowed<'n>(path: &str, names: impl Iterator<Item = &'n String>) -> Vec<SchemaViolation> {
    let refused =
        |name: &String| SchemaViolation::new(with_property(path, name), "is not allowed here", "enum");
    names.take(MAX_VIOLATIONS).map(refused).collect()
}

fn missing(path: &str, property: &str) -> SchemaViolation {
    SchemaViolation::new(with_property(path, property), "is required", "required")
}

/// Returns the errors of the intended alternative, if there is exactly one candidate: the only alternative that
/// accepts the type of the value, or else the only one of these that also accepts its fixed values.
fn intended_branch<'e>(
    context: &'e Alternatives,
    error: &ValidationError<'_>,
) -> Option<&'e [ValidationError<'static>]> {
    let refuses_type = |inner: &ValidationError<'_>| {
        matches!(inner.kind(), ValidationErrorKind::Type { .. })
            && inner.instance_path() == error.instance_path()
    };
    let typed = || context.iter().filter(move |errors| !errors.iter().any(refuses_type));
    only(typed())
        .or_else(|| only(typed().filter(|errors| errors.iter().all(|inner| allowed_values(inner).is_none()))))
        .map(Vec::as_slice)
}

/// Returns the item if there is exactly one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

/// Returns the part for which every alternative has a fixed set of values, and all these values, if the value has
/// none of them.
fn fixed_values(context: &Alternatives) -> Option<(&str, Vec<&Value>)> {
    let refused = context
        .iter()
        .map(|errors| errors.iter().find_map(|inner| Some((inner.instance_path(), allowed_values(inner)?))));
    let refused: Vec<_> = refused.collect::<Option<_>>()?;
    let (at, _) = refused.first()?;
    let same = refused.iter().all(|(path, _)| path == at);
    same.then(|| (at.as_str(), refused.iter().flat_map(|(_, values)| values).copied().collect()))
}

/// Returns the values that an error lists as the only ones allowed.
fn allowed_values<'e>(error: &'e ValidationError<'_>) -> Option<Vec<&'e Value>> {
    match error.kind() {
        ValidationErrorKind::Enum { options } => Some(options.as_array()?.iter().collect()),
        ValidationErrorKind::Constant { expected_value } => Some(vec![expected_value]),
        _ => None,
    }
}

/// Returns a description of what was expected, and the kind of rule.
fn describe(kind: &ValidationErrorKind, error: &ValidationError<'_>) -> (String, &'static str) {
    match kind {
        ValidationErrorKind::Type { kind } => {
            (format!("must be of type {}, not {}", types(kind), type_of(error.instance())), "type")
        }
        ValidationErrorKind::Enum { .. } | ValidationErrorKind::Constant { .. } => {
            (one_of(&allowed_values(error).unwrap_or_default()), "enum")
        }
        ValidationErrorKind::Minimum { limit } => (format!("must be at least {limit}"), "min"),
        ValidationErrorKind::ExclusiveMinimum { limit } => (format!("must be greater than {limit}"), "min"),
        ValidationErrorKind::Maximum { limit } => (format!("must be at most {limit}"), "max"),
        ValidationErrorKind::ExclusiveMaximum { limit } => (format!("must be less than {limit}"), "max"),
        ValidationErrorKind::MinLength { limit } => {
            (counted("at least", limit, "character", "characters"), "min_length")
        }
        ValidationErrorKind::MaxLength { limit } => {
            (counted("at most", limit, "character", "characters"), "max_length")
        }
        ValidationErrorKind::MinItems { limit } => (counted("at least", limit, "item", "items"), "min"),
        ValidationErrorKind::MaxItems { limit } => (counted("at most", limit, "item", "items"), "max"),
        ValidationErrorKind::MinProperties { limit } => {
            (counted("at least", limit, "property", "properties"), "min")
        }
        ValidationErrorKind::MaxProperties { limit } => {
            (counted("at most", limit, "property", "properties"), "max")
        }
        ValidationErrorKind::Pattern { pattern } => {
            (format!("must match the pattern {}", shorten(pattern)), "pattern")
        }
        ValidationErrorKind::Format { format } if format == "date-time" => (TIME.to_owned(), "format"),
        ValidationErrorKind::Format { format } => {
            (format!("must be of the format {}", shorten(format)), "format")
        }
        ValidationErrorKind::UniqueItems => ("must not hold the same item twice".to_owned(), "unique"),
        ValidationErrorKind::MultipleOf { multiple_of } => {
            (format!("must be a multiple of {multiple_of}"), "enum")
        }
        ValidationErrorKind::OneOfMultipleValid { .. } => {
            ("must match exactly one alternative and matches several".to_owned(), "type")
        }
        ValidationErrorKind::Contains => ("must hold the items that `contains` asks for".to_owned(), "type"),
        ValidationErrorKind::Not { .. } => ("must not match the excluded schema".to_owned(), "type"),
        ValidationErrorKind::FalseSchema => ("is not allowed here".to_owned(), "enum"),
        _ => (shorten(&error.masked().to_string()), "type"),
    }
}

fn counted(bound: &str, limit: &u64, one: &str, many: &str) -> String {
    format!("must have {bound} {limit} {}", if *limit == 1 { one } else { many })
}

fn one_of(values: &[&Value]) -> String {
    let mut text = String::new();
    // A client that sent another word did not intend null.
    let values: Vec<_> = values.iter().filter(|value| !value.is_null() || values.len() == 1).collect();
    for value in &values {
        // Words beyond the part that is shown are not formatted: an error may contain any number of values.
        if text.len() <= 4 * MAX_SHOWN {
            let comma = if text.is_empty() { "" } else { ", " };
            text = format!("{text}{comma}{value}");
        }
    }
    let one_of = if values.len() == 1 { "" } else { "one of " };
    format!("must be {one_of}{}", shorten(&text))
}

/// Returns the path of a property. A name that would be ambiguous after a dot is quoted.
fn with_property(path: &str, name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'));
    let name = shorten(name);
    match plain {
        true if path.is_empty() => name,
        true => format!("{path}.{name}"),
        false => format!("{path}[{name:?}]"),
    }
}

/// Truncates a text to the maximum number of characters that a message repeats.
pub(super) fn shorten(text: &str) -> String {
    abbreviated(text, MAX_SHOWN)
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(name) => name.to_string(),
        TypeKind::Multiple(names) => {
            names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(" or ")
        }
    }
}

/// Returns the type of a value, as named in schemas.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
