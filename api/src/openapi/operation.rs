//! What the framework says too much or too little about an operation.

use super::members;
use crate::dto::CACHE_CONTROL;
use poem::http::StatusCode;
use serde_json::{Map, Value, json};

/// Completes an operation by what it takes and gives: its parameters, who may call it, and what it can be
/// refused with, which is described once for all of them.
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
    let responses = operation["responses"].as_object_mut();
    responses.into_iter().for_each(|responses| responses.retain(|status, _| possible(status)));
    match operation.as_object_mut() {
        Some(operation) if !tokens => drop(operation.remove("security")),
        Some(operation) if public => drop(operation.insert("security".into(), json!([]))),
        _ => {}
    }
}

/// A parameter that is read as a set stands for those in it.
fn spread(mut parameter: Value) -> Vec<Value> {
    let Value::Object(properties) = parameter["schema"]["properties"].take() else {
        parameter["schema"].as_object_mut().into_iter().for_each(|schema| drop(schema.remove("properties")));
        if let Some(members) = parameter.as_object_mut() {
            // No parameter is a list or deprecated.
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

/// The name of a refusal. Those that any operation can end with have one together.
fn refusal(status: &str) -> Option<String> {
    if status == "default" {
        return Some("OtherProblem".into());
    }
    let status = StatusCode::from_bytes(status.as_bytes()).ok().filter(|status| status.as_u16() >= 400)?;
    Some(status.canonical_reason()?.replace(' ', ""))
}

/// Which statuses an operation can answer.
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
            // Of an operation that takes nothing this is all that can be wrong.
            "431" => parameters.is_empty() && !demands_token,
            _ => true,
        }
    }
}

/// The headers that the framework writes in capitals, as they are spelled elsewhere.
const HEADERS: [&str; 5] =
    ["Cache-Control", "ETag", "Location", "HyperFleet-Discard-Reason", "HyperFleet-Waited"];

fn tidy_headers(response: &mut Value) {
    let Some(headers) = response.get_mut("headers").and_then(Value::as_object_mut) else { return };
    for name in HEADERS {
        if let Some(header) = headers.remove(&name.to_ascii_uppercase()) {
            headers.insert(name.to_owned(), header);
        }
    }
    let headers = headers.values_mut().filter_map(Value::as_object_mut);
    headers.for_each(|header| drop(header.remove("deprecated")));
}
