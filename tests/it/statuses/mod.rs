//! Reports of adapters, and the status they add up to.

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

/// The path of a resource.
pub fn href(resource: &Value) -> &str {
    resource["href"].as_str().expect("a path")
}

/// The id of a resource.
pub fn id(resource: &Value) -> &str {
    resource["id"].as_str().expect("an id")
}

/// A condition of a resource's status; null if it is not there.
pub fn condition<'a>(resource: &'a Value, name: &str) -> &'a Value {
    let conditions = resource["status"]["conditions"].as_array().expect("conditions");
    conditions.iter().find(|condition| condition["type"] == name).unwrap_or(&Value::Null)
}

/// Expects that a report was not stored, and why.
#[track_caller]
pub fn discarded(answer: &Answer, reason: &str) {
    answer.status(204);
    assert_eq!(answer.header("hyperfleet-discard-reason"), reason);
    assert_eq!(answer.text, "");
}

/// The phase of a resource.
pub async fn phase(app: &TestApp, href: &str) -> String {
    app.get(href).await.status(200).at("/status/phase").as_str().expect("a phase").to_owned()
}
