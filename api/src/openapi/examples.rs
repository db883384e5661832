//! Examples of requests and responses. They are kept beside the schemas and not in them, because requests are
//! validated by the schemas alone.

use super::members;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// The examples: bodies by schema name, streams by media type, and error responses, parameters and headers by name.
/// A parameter is first looked up by its format.
///
/// A parameter without an example is empty on the page of Swagger UI, which sends the examples. An example for
/// `fields`, `cursor`, `Idempotency-Key`, `orderBy` and a few others would change what an operation does.
static EXAMPLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

/// Adds the examples to a document.
pub(super) fn add(document: &mut Value) {
    let bodies = EXAMPLES["bodies"].as_object().into_iter().flatten();
    let bodies = bodies.map(|(name, body)| (name.clone(), json!({ "value": body })));
    let bodies: Map<String, Value> = bodies.collect();
    for (_, path) in members(&mut document["paths"]) {
        for (method, operation) in members(path) {
            parameters(operation.get_mut("parameters"));
            if let Some(body) = operation.get_mut("requestBody") {
                refer(body, "", &bodies);
            }
            for (status, response) in members(&mut operation["responses"]) {
                headers(response);
                refer(response, outcome(method, status), &bodies);
            }
        }
    }
    document["components"]["examples"] = bodies.into();
    for (name, response) in members(&mut document["components"]["responses"]) {
        headers(response);
        for (_, content) in members(&mut response["content"]) {
            content["example"] = EXAMPLES["problems"][name].clone();
        }
    }
}

/// Returns the suffix of the example that shows a resource in a response with this status to this method.
fn outcome(method: &str, status: &str) -> &'static str {
    match (method, status) {
        (_, "201") => "Created",
        ("patch", _) => "Updated",
        ("delete", _) => "Deleted",
        _ => "",
    }
}

/// Adds references to the examples of the contents of a body.
fn refer(body: &mut Value, outcome: &str, bodies: &Map<String, Value>) {
    for (media_type, content) in members(body.get_mut("content").unwrap_or(&mut Value::Null)) {
        if let Some(stream) = EXAMPLES["streams"].get(media_type) {
            content["example"] = stream.clone();
        }
        let schema = content["schema"]["$ref"].as_str().and_then(|name| name.rsplit('/').next());
        let schema = schema.unwrap_or_default();
        let names = [format!("{schema}{outcome}"), schema.to_owned()];
        if let Some(name) = names.iter().find(|name| bodies.contains_key(*name)) {
            let reference = format!("#/components/examples/{name}");
            content["examples"] = json!({ name: { "$ref": reference } });
        }
    }
}

fn parameters(parameters: Option<&mut Value>) {
    for parameter in parameters.and_then(Value::as_array_mut).into_iter().flatten() {
        let names = [parameter["schema"]["format"].clone(), parameter["name"].clone()];
        let mut names = names.iter().filter_map(Value::as_str);
        if let Some(example) = names.find_map(|name| EXAMPLES["parameters"].get(name)) {
            parameter["example"] = example.clone();
        }
    }
}

fn headers(response: &mut Value) {
    for (name, header) in members(response.get_mut("headers").unwrap_or(&mut Value::Null)) {
        header["example"] = EXAMPLES["headers"][name].clone();
    }
}
