//! Translates the schema language of OpenAPI to JSON Schema draft 2020-12.

use serde_json::{Map, Value, json};

use super::chains::MAX_CHAIN;
use super::document::{Document, Version};
use super::error::SpecSchemaError;
use super::graph::{Graph, Location};
use super::keywords::{self, is_in};

/// Keywords of OpenAPI 3.0 that constrain a value and have an equivalent in JSON Schema.
const SHARED: &str = "additionalProperties allOf anyOf enum exclusiveMaximum exclusiveMinimum format items \
                      maxItems maxLength maxProperties maximum minItems minLength minProperties minimum \
                      multipleOf not oneOf pattern properties required type uniqueItems";
/// Keywords of OpenAPI 3.0 that constrain nothing, or only together with others.
const KNOWN: &str = "$ref default deprecated description discriminator example externalDocs nullable readOnly \
                     title writeOnly xml";
/// Formats that are checked. Other formats are informational.
const FORMATS: &str = "date date-time email hostname ipv4 ipv6 uri uuid";
/// Keywords that give schemas their own names or addresses, which this module does not resolve.
const UNSUPPORTED: &str = "$anchor $dynamicAnchor $dynamicRef $id";
/// Keywords of 3.1 that constrain nothing by themselves. Schemas under them are translated if a reference leads to
/// them.
const SEPARATE: &str = "$defs $schema definitions";

/// Translates the schema at `pointer` and all schemas that it refers to, directly or indirectly.
pub(super) fn translate<'a>(document: &'a Document, pointer: &str) -> Result<Graph<'a>, SpecSchemaError> {
    let mut graph = Graph::from(document, pointer);
    // Translating a schema may add locations. A loop, unlike recursion, supports any number of them.
    while let Some(location) = graph.next() {
        let found = document.at(&location.pointer).unwrap_or(&Value::Null);
        let translated = schema(&mut graph, found, &location)?;
        graph.schemas.push(translated);
    }
    Ok(graph)
}

/// Translates the schema found at `location`, with references into the graph.
///
/// A keyword whose value has the wrong type is kept as it is: the compiler reports it with its location.
fn schema(graph: &mut Graph<'_>, found: &Value, location: &Location) -> Result<Value, SpecSchemaError> {
    let Value::Object(found) = found else {
        return Ok(found.clone());
    };
    let old = graph.document.version == Version::OpenApi30;
    if old && let Some(whole) = whole_schema_30(graph, found, location)? {
        return Ok(whole);
    }
    let nullable = old && is_true(found, "nullable") && !location.without_null;
    let mut translated = Map::new();
    for (keyword, value) in found {
        let value = match (keyword.as_str(), value) {
            (name, _) if old && !is_in(SHARED, name) => {
                if !is_in(KNOWN, name) && !name.starts_with("x-") {
                    graph.ignored.insert(name.to_owned());
                }
                continue;
            }
            (name, _) if !old && is_in(UNSUPPORTED, name) => {
                let problem =
                    format!("{name} is not supported; use $ref with a reference that starts with #/");
                return Err(SpecSchemaError::at(format!("#{}", location.pointer), problem));
            }
            (name, _) if !old && is_in(SEPARATE, name) => continue,
            ("$ref", Value::String(target)) => graph.resolve(target, &location.pointer)?.into(),
            // In 3.0, these modify `minimum` and `maximum`. In JSON Schema, they are separate limits.
            ("exclusiveMinimum" | "exclusiveMaximum", Value::Bool(_)) if old => continue,
            ("format", format) if old && !format.as_str().is_some_and(|format| is_in(FORMATS, format)) => {
                continue;
            }
            ("type", Value::String(name)) if nullable => json!([name, "null"]),
            ("enum", Value::Array(options)) if nullable && !options.contains(&Value::Null) => {
                options.iter().chain([&Value::Null]).cloned().collect()
            }
            (name, value) => keywords::map(name, value, |step, inner| {
                schema(graph, inner, &Location::new(format!("{}/{name}{step}", location.pointer)))
            })?,
        };
        let keyword = match keyword.as_str() {
            "minimum" if old && is_true(found, "exclusiveMinimum") => "exclusiveMinimum",
            "maximum" if old && is_true(found, "exclusiveMaximum") => "exclusiveMaximum",
            keyword => keyword,
        };
        translated.insert(keyword.to_owned(), value);
    }
    bound_integers(found, &mut translated);
    drop_read_only_required(graph.document, found, &mut translated);
    translated.extend(discriminator(found).map(|values| ("discriminator".to_owned(), values)));
    Ok(Value::Object(translated))
}

/// Translates schemas of OpenAPI 3.0 that are replaced as a whole: references, whose sibling keywords are ignored,
/// and nullable combinations. Returns `None` for other schemas.
fn whole_schema_30(
    graph: &mut Graph<'_>,
    found: &Map<String, Value>,
    location: &Location,
) -> Result<Option<Value>, SpecSchemaError> {
    if let Some(Value::String(target)) = found.get("$ref") {
        return Ok(Some(json!({ "$ref": graph.resolve(target, &location.pointer)? })));
    }
    let combined = ["allOf", "anyOf", "oneOf", "not"].iter().any(|keyword| found.contains_key(*keyword));
    if combined && is_true(found, "nullable") && !location.without_null {
        let rest = graph.reference(Location { without_null: true, ..location.clone() });
        return Ok(Some(json!({ "anyOf": [{ "type": "null" }, { "$ref": rest }] })));
    }
    Ok(None)
}

/// Adds the ranges of `int32` and `int64`, which JSON Schema does not have as formats.
fn bound_integers(found: &Map<String, Value>, translated: &mut Map<String, Value>) {
    let (least, greatest) = match found.get("format").and_then(Value::as_str) {
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        Some("int64") => (i64::MIN, i64::MAX),
        _ => return,
    };
    let parts = translated.entry("allOf").or_insert_with(|| json!([]));
    if let Value::Array(parts) = parts {
        parts.push(json!({ "minimum": least, "maximum": greatest }));
    }
}

/// Removes `readOnly` properties from the required ones: the server provides them, not the request.
fn drop_read_only_required(
    document: &Document,
    found: &Map<String, Value>,
    translated: &mut Map<String, Value>,
) {
    let refer = |schema: &Value| document.refer(schema.get("$ref")?.as_str()?);
    let read_only = |name: &Value| {
        let property = found.get("properties").and_then(|properties| properties.get(name.as_str()?));
        // Longer chains of references are rejected elsewhere.
        let mut chain = std::iter::successors(property, |schema| refer(schema)).take(MAX_CHAIN);
        chain.any(|schema| schema.get("readOnly") == Some(&Value::Bool(true)))
    };
    if let Some(Value::Array(required)) = translated.get_mut("required") {
        required.retain(|name| !read_only(name));
    }
}

/// Returns the property that selects an alternative of a schema, and the index of the alternative for each of its
/// values: the value from `mapping`, or else the name of the component.
fn discriminator(found: &Map<String, Value>) -> Option<Value> {
    let discriminator = found.get("discriminator")?;
    let mapping = discriminator.get("mapping").and_then(Value::as_object);
    let mut values = Map::new();
    for (index, alternative) in found.get("oneOf").or(found.get("anyOf"))?.as_array()?.iter().enumerate() {
        let target = alternative.get("$ref").and_then(Value::as_str).unwrap_or_default();
        let name = target.rsplit('/').next().unwrap_or_default();
        let to = |to: &Value| to.as_str().is_some_and(|to| [target, name].contains(&to));
        let mut mapped =
            mapping.into_iter().flatten().filter(|entry| to(entry.1)).map(|entry| entry.0).peekable();
        let implied = (mapped.peek().is_none() && !name.is_empty()).then(|| name.to_owned());
        values.extend(mapped.cloned().chain(implied).map(|value| (value, index.into())));
    }
    Some(json!({ "property": discriminator.get("propertyName")?, "values": values }))
}

fn is_true(schema: &Map<String, Value>, keyword: &str) -> bool {
    schema.get(keyword) == Some(&Value::Bool(true))
}
