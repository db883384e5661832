//! Corrections to the operations in the framework's document.

use super::members;
use crate::dto::CACHE_CONTROL;
use poem::http::StatusCode;
use serde_json::{Map, Value, json};

/// Completes an operation with its parameters, its security requirements and its possible error responses. Error
/// responses are moved to `refusals`, so that each is described once for all operations.
pub(super) fn describe(operation: &mut Value, tokens: bool, refusals: &mut Map<String, Value>) {
    if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
        *parameters = parameters.drain(..).flat_map(spread).collect();
    }
    let possible = possible(operation, tokens);
    let public = operation["security"].is_null();
    for (status, response) in members(&mut operation["responses"]) {
        tidy_headers(response);
        if let Some(name) = refusal(status) {
            let reference = json!({ "$ref": format!("#/components/responses/{name}") });
            let described = std::mem::replace(response, reference);
            if possible(status) {
                refusals.insert(name, described);
            }
        }
    }
    if let Some(responses) = operation["responses"].as_object_mut() {
        responses.retain(|status, _| possible(status));
    }
    if let Some(operation) = operation.as_object_mut() {
        if !tokens {
            operation.remove("security");
        } else if public {
            operation.insert("security".into(), json!([]));
        }
    }
}

/// Replaces a parameter set by its parameters.
fn spread(mut parameter: Value) -> Vec<Value> {
    let Value::Object(properties) = parameter["schema"]["properties"].take() else {
        if let Some(schema) = parameter["schema"].as_object_mut() {
            schema.remove("properties");
        }
        if let Some(members) = parameter.as_object_mut() {
            // No parameter is a list, and none is deprecated.
            members.retain(|name, _| name != "explode" && name != "deprecated");
        }
        return vec![parameter];
    };
    let parameter = |(name, mut schema): (String, Value)| {
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let place = if name == CACHE_CONTROL { "header" } else { "query" };
        json!({ "name": name, "in": place, "description": description, "required": false, "schema": schema })
    };
    properties.into_iter().map(parameter).collect()
}

/// Returns the name of an error response. The responses that every operation can return share one name.
fn refusal(status: &str) -> Option<String> {
    if status == "default" {
        return Some("OtherProblem".into());
    }
    let status = StatusCode::from_bytes(status.as_bytes()).ok().filter(|status| status.as_u16() >= 400)?;
    Some(status.canonical_reason()?.replace(' ', ""))
}

/// Returns a predicate for the statuses that an operation can return.
fn possible(operation: &Value, tokens: bool) -> impl Fn(&str) -> bool + use<> {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let demands_token = tokens && !operation["security"].is_null();
    let body = operation["requestBody"].is_object();
    move |status| {
        let takes = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
        match status {
            "400" => body || !parameters.is_empty(),
            "401" => demands_token,
            "403" => !tokens,
            "404" => parameters.iter().any(|parameter| parameter["in"] == "path"),
            "409" => body && (takes("If-Match") || takes("Idempotency-Key")),
            "410" => takes("since"),
            "412" => takes("If-Match"),
            "422" => takes("Idempotency-Key"),
            // Listed where no other client error is. A request without parameters can also have a faulty `Host` (400),
            // which the default response covers.
            "431" => parameters.is_empty() && !demands_token,
            _ => true,
        }
    }
}

/// The headers that the framework writes in capitals, in their usual spelling.
const HEADERS: [&str; 5] =
    ["Cache-Control", "ETag", "Location", "HyperFleet-Discard-Reason", "HyperFleet-Waited"];

fn tidy_headers(response: &mut Value) {
    let Some(headers) = response.get_mut("headers").and_then(Value::as_object_mut) else { return };
    for name in HEADERS {
        if let Some(header) = headers.remove(&name.to_ascii_uppercase()) {
            headers.insert(name.to_owned(), header);
        }
    }
    for header in headers.values_mut().filter_map(Value::as_object_mut) {
        header.remove("deprecated");
    }
}
