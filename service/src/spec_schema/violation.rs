//! What is wrong with a value, said in terms of the value.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

use crate::error::FieldError;

/// Most violations that are reported at once.
const MAX_VIOLATIONS: usize = 100;
/// Most characters of a value, a name or a pattern that are repeated.
const MAX_SHOWN: usize = 100;

/// One way in which a value differs from its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field at fault, such as `spec.nodes` or `spec.items[2].name`; for a missing one, its own path. Empty for
    /// the value as a whole, if that has no name.
    pub path: String,
    /// What was expected there.
    pub message: String,
    /// The kind of rule: `required`, `type`, `min`, `max`, `min_length`, `max_length`, `pattern`, `enum`, `format`,
    /// `unique`; none for rules that are of none of these kinds.
    pub constraint: Option<&'static str>,
}

impl Violation {
    /// A `spec` that is no object.
    pub(super) fn not_an_object(spec: &Value) -> Self {
        let message = format!("must be an object, not {}", type_of(spec));
        Self { path: "spec".to_owned(), message, constraint: Some("type") }
    }

    fn new(path: String, message: impl Into<String>, constraint: Option<&'static str>) -> Self {
        Self { path, message: message.into(), constraint }
    }
}

/// The message repeats the field: a problem with one fault shows nothing else of it in its summary.
impl From<Violation> for FieldError {
    fn from(violation: Violation) -> Self {
        let Violation { path, message, constraint } = violation;
        let message = format!("{path} {message}");
        Self { constraint, ..FieldError::new(path, message) }
    }
}

/// The violations behind the errors of one value, which is called `name`, each once.
pub(super) fn collect<'i>(
    errors: impl Iterator<Item = ValidationError<'i>>,
    name: &str,
    value: &Value,
) -> Vec<Violation> {
    let mut found: Vec<Violation> = Vec::new();
    for error in errors {
        for violation in of(&error, name, value) {
            if found.len() == MAX_VIOLATIONS {
                return found;
            }
            if !found.contains(&violation) {
                found.push(violation);
            }
        }
    }
    found
}

/// The violations behind one error about a part of `root`, which is called `name`.
pub(super) fn of(error: &ValidationError<'_>, name: &str, root: &Value) -> Vec<Violation> {
    let path = path_of(error.instance_path().as_str(), name, root);
    match error.kind() {
        Kind::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            vec![Violation::new(with_property(&path, property), "is required", Some("required"))]
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let refused =
                |name: &String| Violation::new(with_property(&path, name), "is not allowed here", None);
            unexpected.iter().take(MAX_VIOLATIONS).map(refused).collect()
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => match meant(context, error) {
            Some(branch) => branch.iter().flat_map(|inner| of(inner, name, root)).collect(),
            None => {
                let message = format!("must match one of {} alternatives and matches none", context.len());
                vec![Violation::new(path, message, None)]
            }
        },
        kind => {
            let (message, constraint) = describe(kind, error);
            vec![Violation::new(path, message, constraint)]
        }
    }
}

/// The alternative that was meant, if only one comes into question: the only one that accepts the value's
/// type, or else the only one that also accepts its fixed words.
fn meant<'e>(
    alternatives: &'e [Vec<ValidationError<'static>>],
    error: &ValidationError<'_>,
) -> Option<&'e [ValidationError<'static>]> {
    let refuses_type = |inner: &ValidationError<'_>| {
        matches!(inner.kind(), Kind::Type { .. }) && inner.instance_path() == error.instance_path()
    };
    let refuses_word =
        |inner: &ValidationError<'_>| matches!(inner.kind(), Kind::Enum { .. } | Kind::Constant { .. });
    let typed = || alternatives.iter().filter(move |errors| !errors.iter().any(refuses_type));
    only(typed())
        .or_else(|| only(typed().filter(|errors| !errors.iter().any(refuses_word))))
        .map(Vec::as_slice)
}

/// The item, when there is exactly one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

/// What was expected, and the kind of rule.
fn describe(kind: &Kind, error: &ValidationError<'_>) -> (String, Option<&'static str>) {
    match kind {
        Kind::Type { kind } => {
            let message = format!("must be of type {}, not {}", types(kind), type_of(error.instance()));
            (message, Some("type"))
        }
        Kind::Enum { options } => (format!("must be one of {}", shorten(&listed(options))), Some("enum")),
        Kind::Constant { expected_value } => {
            (format!("must be {}", shorten(&expected_value.to_string())), Some("enum"))
        }
        Kind::Minimum { limit } => (format!("must be at least {limit}"), Some("min")),
        Kind::ExclusiveMinimum { limit } => (format!("must be greater than {limit}"), Some("min")),
        Kind::Maximum { limit } => (format!("must be at most {limit}"), Some("max")),
        Kind::ExclusiveMaximum { limit } => (format!("must be less than {limit}"), Some("max")),
        Kind::MinLength { limit } => (format!("must have at least {limit} characters"), Some("min_length")),
        Kind::MaxLength { limit } => (format!("must have at most {limit} characters"), Some("max_length")),
        Kind::MinItems { limit } => (format!("must have at least {limit} items"), Some("min")),
        Kind::MaxItems { limit } => (format!("must have at most {limit} items"), Some("max")),
        Kind::MinProperties { limit } => (format!("must have at least {limit} properties"), Some("min")),
        Kind::MaxProperties { limit } => (format!("must have at most {limit} properties"), Some("max")),
        Kind::Pattern { pattern } => {
            (format!("must match the pattern {}", shorten(pattern)), Some("pattern"))
        }
        Kind::Format { format } => (format!("must be of the format {}", shorten(format)), Some("format")),
        Kind::UniqueItems => ("must not hold the same item twice".to_owned(), Some("unique")),
        Kind::MultipleOf { multiple_of } => (format!("must be a multiple of {multiple_of}"), None),
        Kind::OneOfMultipleValid { .. } => {
            ("must match exactly one alternative and matches several".to_owned(), None)
        }
        Kind::Not { .. } => ("must not match the excluded schema".to_owned(), None),
        Kind::FalseSchema => ("is not allowed here".to_owned(), None),
        _ => (shorten(&error.masked().to_string()), None),
    }
}

/// The path of the part of `root` that a JSON pointer leads to, in the form `spec.items[2].name` if `root` is called
/// `spec`.
fn path_of(pointer: &str, name: &str, root: &Value) -> String {
    let mut path = name.to_owned();
    let mut value = Some(root);
    for step in pointer.split('/').skip(1) {
        let name = step.replace("~1", "/").replace("~0", "~");
        // Only the value tells the item 2 from a property that is called "2".
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

/// The path of a property. A name that would be ambiguous after a dot is put in quotes.
fn with_property(path: &str, name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'));
    let name = shorten(name);
    match plain {
        true if path.is_empty() => name,
        true => format!("{path}.{name}"),
        false => format!("{path}[{name:?}]"),
    }
}

/// The first characters of a text.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(name) => name.to_string(),
        TypeKind::Multiple(names) => {
            names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(" or ")
        }
    }
}

fn listed(options: &Value) -> String {
    match options.as_array() {
        Some(options) => options.iter().map(Value::to_string).collect::<Vec<_>>().join(", "),
        None => options.to_string(),
    }
}

fn type_of(value: &Value) -> &'static str {
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
