//! Reports of adapters, and the status that they are aggregated to.

mod adapters;
mod aggregate;
mod columns;
mod decision;
mod lists;
mod phases;
mod stored;
mod worked_example;

use crate::harness::{Answer, TestApp};
use serde_json::Value;

/// Returns the path of a resource.
pub fn href(resource: &Value) -> &str {
    resource["href"].as_str().expect("a path")
}

/// Returns the id of a resource.
pub fn id(resource: &Value) -> &str {
    resource["id"].as_str().expect("an id")
}

/// Returns a condition of a resource's status, or null if it is absent.
pub fn condition<'a>(resource: &'a Value, name: &str) -> &'a Value {
    let conditions = resource["status"]["conditions"].as_array().expect("conditions");
    conditions.iter().find(|condition| condition["type"] == name).unwrap_or(&Value::Null)
}

/// Asserts that a report was discarded for this reason.
#[track_caller]
pub fn discarded(answer: &Answer, reason: &str) {
    answer.status(204);
    assert_eq!(answer.header("hyperfleet-discard-reason"), reason);
    assert_eq!(answer.text, "");
}

/// Returns the phase of a resource.
pub async fn phase(app: &TestApp, href: &str) -> String {
    app.get(href).await.status(200).at("/status/phase").as_str().expect("a phase").to_owned()
}
