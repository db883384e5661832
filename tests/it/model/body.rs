//! Request bodies of create, PATCH and force-delete: validation that does not depend on any resource.

use serde_json::{Map, Value};

use super::answer::{EMPTY_PATCH, Expected, VALIDATION};
use super::state::Kind;

const MOST_LABELS: usize = 64;

/// A valid create request.
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) spec: Value,
    pub(crate) labels: Value,
}

/// A valid PATCH request. `None` leaves a section unchanged.
pub(crate) struct Change {
    pub(crate) spec: Option<Value>,
    pub(crate) labels: Option<Value>,
}

/// Parses `{kind?, name, spec, labels?}`. Other keys are ignored.
pub(crate) fn draft(kind: Kind, body: &Value) -> Result<Draft, Expected> {
    let fault = || Expected::refused(400, VALIDATION);
    let kind_agrees = body.get("kind").is_none_or(|sent| sent == kind.name());
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    let spec = body.get("spec").filter(|spec| spec.is_object()).ok_or_else(fault)?;
    let labels = given(body, "labels").unwrap_or_else(|| Value::Object(Map::new()));
    if !kind_agrees || !name_is_valid(kind, name) || !labels_are_valid(&labels) {
        return Err(fault());
    }
    Ok(Draft { name: name.to_owned(), spec: spec.clone(), labels })
}

/// Parses `{spec?, labels?}`. Other keys are refused.
pub(crate) fn change(body: &Value) -> Result<Change, Expected> {
    let change = Change { spec: given(body, "spec"), labels: given(body, "labels") };
    let known = |key: &String| key == "spec" || key == "labels";
    let keys_are_known = body.as_object().is_some_and(|object| object.keys().all(known));
    let spec_is_valid = change.spec.as_ref().is_none_or(Value::is_object);
    if !keys_are_known || !spec_is_valid || !change.labels.as_ref().is_none_or(labels_are_valid) {
        return Err(Expected::refused(400, VALIDATION));
    }
    if change.spec.is_none() && change.labels.is_none() {
        return Err(Expected::refused(400, EMPTY_PATCH));
    }
    Ok(change)
}

/// Returns whether the reason of a force-delete has 1–1024 characters.
pub(crate) fn reason_is_valid(reason: &str) -> bool {
    (1..=1024).contains(&reason.chars().count())
}

/// Returns the value of a key. Null counts as absent.
fn given(body: &Value, key: &str) -> Option<Value> {
    body.get(key).filter(|value| !value.is_null()).cloned()
}

fn name_is_valid(kind: Kind, name: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = |byte: Option<&u8>| byte.is_some_and(|&byte| alphanumeric(byte));
    let bytes = name.as_bytes();
    kind.name_lengths().contains(&bytes.len())
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|&byte| alphanumeric(byte) || byte == b'-')
}

fn labels_are_valid(labels: &Value) -> bool {
    let value_is_valid =
        |value: &Value| value.as_str().is_some_and(|text| text.is_empty() || is_qualified_name(text));
    labels.as_object().is_some_and(|labels| {
        labels.len() <= MOST_LABELS
            && labels.iter().all(|(key, value)| key_is_valid(key) && value_is_valid(value))
    })
}

/// Returns whether a label key is valid by the rules of Kubernetes: `[prefix/]name`, where the prefix is a DNS
/// subdomain.
fn key_is_valid(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_qualified_name(name),
        None => is_qualified_name(key),
    }
}

fn is_qualified_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    is_run(text, 63, |byte| byte.is_ascii_alphanumeric(), inner)
}

fn is_subdomain(text: &str) -> bool {
    let ends = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= 253 && text.split('.').all(|part| is_run(part, 63, ends, |byte| ends(byte) || byte == b'-'))
}

/// Returns whether the text has 1 to `most` bytes that satisfy `inner`, of which the first and the last satisfy
/// `ends`.
fn is_run(text: &str, most: usize, ends: impl Fn(u8) -> bool, inner: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let edge = |byte: Option<&u8>| byte.is_some_and(|&byte| ends(byte));
    bytes.len() <= most && edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(|&byte| inner(byte))
}
