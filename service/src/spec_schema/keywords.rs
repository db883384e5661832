//! Where a schema holds further schemas.

use serde_json::{Map, Value};

/// What the value of a keyword holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// One schema.
    Schema,
    /// A list of schemas.
    List,
    /// Schemas by name.
    Map,
    /// No schema.
    Nothing,
}

/// What the value of `keyword` holds.
pub(super) fn holds(keyword: &str) -> Holds {
    match keyword {
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Holds::List,
        "properties" | "patternProperties" | "dependentSchemas" => Holds::Map,
        "not"
        | "if"
        | "then"
        | "else"
        | "items"
        | "contains"
        | "additionalProperties"
        | "propertyNames"
        | "unevaluatedItems"
        | "unevaluatedProperties" => Holds::Schema,
        _ => Holds::Nothing,
    }
}

/// Whether schemas under `keyword` apply to the very value that their own schema applies to.
pub(super) fn is_in_place(keyword: &str) -> bool {
    matches!(keyword, "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" | "dependentSchemas")
}

/// The schemas directly inside a schema, each with its keyword.
pub(super) fn children(schema: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    schema.iter().flat_map(|(keyword, value)| {
        let held: Vec<&Value> = match (holds(keyword), value) {
            (Holds::Schema, schema) => vec![schema],
            (Holds::List, Value::Array(schemas)) => schemas.iter().collect(),
            (Holds::Map, Value::Object(schemas)) => schemas.values().collect(),
            _ => Vec::new(),
        };
        held.into_iter().map(move |schema| (keyword.as_str(), schema))
    })
}
