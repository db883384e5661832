//! The keywords under which a schema holds other schemas.

use serde_json::{Map, Value};

/// Keywords that hold one schema, a list of schemas, or schemas by name.
const SCHEMA_KEYWORDS: &str = "additionalProperties contains else if items not propertyNames then unevaluatedItems \
                   unevaluatedProperties";
const LIST_KEYWORDS: &str = "allOf anyOf oneOf prefixItems";
const MAP_KEYWORDS: &str = "dependentSchemas patternProperties properties";
/// Keywords whose schemas apply to the same value as the schema that contains them.
const IN_PLACE_KEYWORDS: &str = "allOf anyOf dependentSchemas else if not oneOf then";

/// Whether a keyword is in a list of keywords.
pub(super) fn is_in(keywords: &str, keyword: &str) -> bool {
    keywords.split_ascii_whitespace().any(|one| one == keyword)
}

/// Returns the value of a keyword, with each schema in it replaced by the result of `each`, which receives the path
/// from the keyword to the schema, and the schema.
pub(super) fn map<E>(
    keyword: &str,
    value: &Value,
    mut each: impl FnMut(String, &Value) -> Result<Value, E>,
) -> Result<Value, E> {
    match value {
        schema if is_in(SCHEMA_KEYWORDS, keyword) => each(String::new(), schema),
        Value::Array(items) if is_in(LIST_KEYWORDS, keyword) => {
            items.iter().enumerate().map(|(index, item)| each(format!("/{index}"), item)).collect()
        }
        Value::Object(entries) if is_in(MAP_KEYWORDS, keyword) => {
            let mapped = entries.iter().map(|(name, entry)| {
                Ok((name.clone(), each(format!("/{}", name.replace('~', "~0").replace('/', "~1")), entry)?))
            });
            Ok(Value::Object(mapped.collect::<Result<Map<_, _>, E>>()?))
        }
        _ => Ok(value.clone()),
    }
}

/// Returns the schemas directly inside a schema that apply to the same value.
pub(super) fn in_place(schema: &Value) -> impl Iterator<Item = &Value> {
    children(schema).filter(|(keyword, _)| is_in(IN_PLACE_KEYWORDS, keyword)).map(|(_, child)| child)
}

/// Returns the schemas anywhere inside a schema that apply to a part of the value.
pub(super) fn starts(schema: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    for (keyword, child) in children(schema) {
        found.extend((!is_in(IN_PLACE_KEYWORDS, keyword)).then_some(child));
        found.extend(starts(child));
    }
    found
}

/// Returns the schemas directly inside a schema, each with its keyword.
fn children(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    schema.as_object().into_iter().flatten().flat_map(|(keyword, value)| {
        let held: Vec<&Value> = match value {
            schema if is_in(SCHEMA_KEYWORDS, keyword) => vec![schema],
            Value::Array(items) if is_in(LIST_KEYWORDS, keyword) => items.iter().collect(),
            Value::Object(entries) if is_in(MAP_KEYWORDS, keyword) => entries.values().collect(),
            _ => Vec::new(),
        };
        held.into_iter().map(move |schema| (keyword.as_str(), schema))
    })
}
