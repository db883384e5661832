//! Generates an example value for a schema.

use serde_json::{Map, Value, json};

/// The maximum depth of a sample.
const DEPTH: usize = 16;

/// Returns a value for a schema: its own example, default or first allowed value if present, otherwise the simplest
/// value. Returns `None` if no value can be derived. `components` contains the schemas it may refer to.
///
/// The caller must verify that the value satisfies all rules of the schema.
pub(super) fn of(schema: &Value, components: &Map<String, Value>) -> Option<Value> {
    sample(schema, components, DEPTH)
}

fn sample(schema: &Value, components: &Map<String, Value>, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let inner = |schema: &Value| sample(schema, components, depth);
    if let Some(shown) = shown(schema) {
        return Some(shown.clone());
    }
    if let Some(name) = schema["$ref"].as_str() {
        return inner(components.get(name.strip_prefix("#/components/schemas/")?)?);
    }
    if let Some(first) = schema["oneOf"].get(0).or(schema["anyOf"].get(0)) {
        return inner(first);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = object(schema, inner)?;
        for part in parts {
            match inner(part)? {
                Value::Object(members) => whole.extend(members),
                other => return Some(other),
            }
        }
        return Some(whole.into());
    }
    let named = schema["type"].as_str().or_else(|| schema["type"].get(0)?.as_str());
    match named {
        Some("boolean") => Some(true.into()),
        Some("integer" | "number") => number(schema),
        Some("string") => text(schema),
        Some("array") => {
            let count =
                usize::try_from(schema["minItems"].as_u64().unwrap_or(0)).ok().filter(|count| *count < 10)?;
            let items = (0..count).map(|_| inner(&schema["items"]));
            items.collect::<Option<Vec<_>>>().map(Value::from)
        }
        _ => object(schema, inner).map(Value::from),
    }
}

/// Returns the example, default or allowed value that a schema contains.
fn shown(schema: &Value) -> Option<&Value> {
    let first = |keyword: &str| schema[keyword].get(0);
    let named = schema.get("example").or_else(|| first("examples"));
    named.or_else(|| schema.get("default")).or_else(|| schema.get("const")).or_else(|| first("enum"))
}

/// Returns an object with the required members and those that have an example.
fn object(schema: &Value, inner: impl Fn(&Value) -> Option<Value>) -> Option<Map<String, Value>> {
    let mut members = Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let required = schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
        if required || shown(property).is_some() {
            members.insert(name.clone(), inner(property)?);
        }
    }
    Some(members)
}

fn number(schema: &Value) -> Option<Value> {
    let bound = |keyword: &str| schema[keyword].as_f64();
    let step = bound("multipleOf").unwrap_or(1.0);
    let lowest = bound("minimum").or(bound("exclusiveMinimum")).unwrap_or(1.0);
    let number = (lowest / step).ceil() * step;
    let exclusive = schema["exclusiveMinimum"] == true || bound("exclusiveMinimum") == Some(number);
    let number = if exclusive { number + step } else { number };
    Some(if number.fract() == 0.0 { (number as i64).into() } else { number.into() })
}

fn text(schema: &Value) -> Option<Value> {
    let text = match schema["format"].as_str() {
        Some("date-time") => "2026-03-04T09:15:00Z",
        Some("date") => "2026-03-04",
        Some("uuid") => "019cb7d0-5e1a-7c42-9d0e-3f5a8e2c4d60",
        Some("email") => "name@example.com",
        Some("hostname") => "example.com",
        Some("uri") => "https://example.com",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        _ => "example",
    };
    let longest = schema["maxLength"].as_u64().and_then(|length| usize::try_from(length).ok());
    let shortest =
        usize::try_from(schema["minLength"].as_u64().unwrap_or(0)).ok().filter(|length| *length < 256)?;
    let text: String = text.chars().take(longest.unwrap_or(text.len())).collect();
    Some(json!(format!("{text:x<shortest$}")))
}
