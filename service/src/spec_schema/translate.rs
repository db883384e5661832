//! From the schema language of OpenAPI to JSON Schema draft 2020-12.

use serde_json::{Map, Value, json};

use super::document::Dialect;
use super::error::SpecSchemaError;
use super::graph::{Graph, Place};
use super::keywords::{self, Holds};

/// Keywords of OpenAPI 3.0 that constrain a value and mean the same in JSON Schema.
const SHARED: [&str; 20] = [
    "additionalProperties",
    "allOf",
    "anyOf",
    "enum",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "properties",
    "required",
    "uniqueItems",
];

/// Keywords of OpenAPI 3.0 that constrain nothing, or that this module handles by themselves.
const KNOWN: [&str; 16] = [
    "$ref",
    "default",
    "deprecated",
    "description",
    "discriminator",
    "example",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "externalDocs",
    "format",
    "nullable",
    "readOnly",
    "title",
    "type",
    "writeOnly",
    "xml",
];

/// Formats that are checked. Other ones tell people something, not machines.
const FORMATS: [&str; 8] = ["date", "date-time", "email", "hostname", "ipv4", "ipv6", "uri", "uuid"];

/// Keywords that give schemas names or addresses of their own, by which nothing here looks them up.
const UNSUPPORTED: [&str; 4] = ["$anchor", "$dynamicAnchor", "$dynamicRef", "$id"];

/// The schema found at `place`, with references that the graph understands.
///
/// A keyword whose value has the wrong shape is kept as it is: the compiler reports it with its place.
pub(super) fn schema(graph: &mut Graph<'_>, found: &Value, place: &Place) -> Result<Value, SpecSchemaError> {
    let Value::Object(found) = found else {
        return Ok(found.clone());
    };
    let mut translated = match graph.document.dialect {
        Dialect::OpenApi30 => match whole_30(graph, found, place)? {
            Some(whole) => return Ok(whole),
            None => keywords_30(graph, found, place)?,
        },
        Dialect::OpenApi31 => keywords_31(graph, found, place)?,
    };
    bound_integers(found, &mut translated);
    Ok(Value::Object(translated))
}

/// The schemas of OpenAPI 3.0 that become something else as a whole: references, whose neighbours do not
/// count, and combinations that may also be null.
fn whole_30(
    graph: &mut Graph<'_>,
    found: &Map<String, Value>,
    place: &Place,
) -> Result<Option<Value>, SpecSchemaError> {
    if let Some(Value::String(target)) = found.get("$ref") {
        return Ok(Some(json!({ "$ref": graph.resolve(target, &place.pointer)? })));
    }
    let combined = ["allOf", "anyOf", "oneOf", "not"].iter().any(|keyword| found.contains_key(*keyword));
    if combined && is_true(found, "nullable") && !place.without_null {
        let rest = graph.reference(Place { without_null: true, ..place.clone() });
        return Ok(Some(json!({ "anyOf": [{ "type": "null" }, { "$ref": rest }] })));
    }
    Ok(None)
}

fn keywords_30(
    graph: &mut Graph<'_>,
    found: &Map<String, Value>,
    place: &Place,
) -> Result<Map<String, Value>, SpecSchemaError> {
    let mut translated = Map::new();
    for (keyword, value) in found {
        if SHARED.contains(&keyword.as_str()) {
            translated.insert(keyword.clone(), held(graph, keyword, value, place)?);
        } else if !KNOWN.contains(&keyword.as_str()) && !keyword.starts_with("x-") {
            graph.ignored.insert(keyword.clone());
        }
    }
    if let Some(format) = found.get("format").filter(|format| FORMATS.iter().any(|known| *format == known)) {
        translated.insert("format".to_owned(), format.clone());
    }
    limits_30(found, &mut translated);
    let nullable = is_true(found, "nullable") && !place.without_null;
    types_30(found, nullable, &mut translated);
    Ok(translated)
}

/// In 3.0 `exclusiveMinimum` says how `minimum` is meant; in JSON Schema it is a limit of its own.
fn limits_30(found: &Map<String, Value>, translated: &mut Map<String, Value>) {
    for (limit, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        match found.get(exclusive) {
            Some(Value::Bool(true)) => {
                if let Some(value) = translated.remove(limit) {
                    translated.insert(exclusive.to_owned(), value);
                }
            }
            Some(Value::Bool(false)) | None => {}
            Some(other) => {
                translated.insert(exclusive.to_owned(), other.clone());
            }
        }
    }
}

fn types_30(found: &Map<String, Value>, nullable: bool, translated: &mut Map<String, Value>) {
    match found.get("type") {
        Some(Value::String(name)) if nullable => {
            translated.insert("type".to_owned(), json!([name, "null"]));
        }
        Some(other) => {
            translated.insert("type".to_owned(), other.clone());
        }
        None => {}
    }
    if let Some(Value::Array(options)) = translated.get_mut("enum")
        && nullable
        && !options.contains(&Value::Null)
    {
        options.push(Value::Null);
    }
}

fn keywords_31(
    graph: &mut Graph<'_>,
    found: &Map<String, Value>,
    place: &Place,
) -> Result<Map<String, Value>, SpecSchemaError> {
    let mut translated = Map::new();
    for (keyword, value) in found {
        if let Some(keyword) = UNSUPPORTED.into_iter().find(|unsupported| unsupported == keyword) {
            return Err(SpecSchemaError::Unsupported { at: format!("#{}", place.pointer), keyword });
        }
        match (keyword.as_str(), value) {
            // What stands there is translated when something refers to it.
            ("$defs" | "definitions" | "$schema", _) => {}
            ("$ref", Value::String(target)) => {
                let reference = graph.resolve(target, &place.pointer)?;
                translated.insert(keyword.clone(), Value::String(reference));
            }
            _ => {
                translated.insert(keyword.clone(), held(graph, keyword, value, place)?);
            }
        }
    }
    Ok(translated)
}

/// The value of a keyword with every schema in it translated.
fn held(
    graph: &mut Graph<'_>,
    keyword: &str,
    value: &Value,
    place: &Place,
) -> Result<Value, SpecSchemaError> {
    let pointer = format!("{}/{}", place.pointer, escaped(keyword));
    let inner = |pointer: String| Place { pointer, without_null: false };
    match (keywords::holds(keyword), value) {
        (Holds::Schema, value) => schema(graph, value, &inner(pointer)),
        (Holds::List, Value::Array(items)) => {
            let items = items.iter().enumerate();
            items.map(|(index, item)| schema(graph, item, &inner(format!("{pointer}/{index}")))).collect()
        }
        (Holds::Map, Value::Object(entries)) => {
            let mut translated = Map::new();
            for (name, entry) in entries {
                let place = inner(format!("{pointer}/{}", escaped(name)));
                translated.insert(name.clone(), schema(graph, entry, &place)?);
            }
            Ok(Value::Object(translated))
        }
        _ => Ok(value.clone()),
    }
}

/// `int32` and `int64` are ranges, which JSON Schema has no formats for.
fn bound_integers(found: &Map<String, Value>, translated: &mut Map<String, Value>) {
    let (least, greatest) = match found.get("format").and_then(Value::as_str) {
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        Some("int64") => (i64::MIN, i64::MAX),
        _ => return,
    };
    let range = json!({ "minimum": least, "maximum": greatest });
    match translated.get_mut("allOf") {
        Some(Value::Array(parts)) => parts.push(range),
        Some(_) => {}
        None => {
            translated.insert("allOf".to_owned(), json!([range]));
        }
    }
}

fn is_true(schema: &Map<String, Value>, keyword: &str) -> bool {
    schema.get(keyword) == Some(&Value::Bool(true))
}

/// A name as one step of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
