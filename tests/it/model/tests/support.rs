//! A model whose clock is in minutes, as used in the tables of the tests.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{Condition, Expected, Model, Report, Settings};

/// Returns the time `minutes` after the start of a test.
pub(super) fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
}

/// Returns the same time as it appears in a representation.
pub(super) fn text(minutes: i64) -> Value {
    json!(at(minutes).format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
}

/// Returns the id of the `number`th resource that a test creates.
pub(super) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Returns a model that requires these adapters.
pub(super) fn model(cluster: &[&str], nodepool: &[&str]) -> Model {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Model::new(Settings {
        required_cluster: owned(cluster),
        required_nodepool: owned(nodepool),
        mandatory_conditions: vec![],
    })
}

/// Adds the cluster `id(1)`, created at minute 0.
pub(super) fn with_cluster(mut model: Model) -> Model {
    let answer = model.create_cluster(at(0), id(1), &json!({ "name": "alpha", "spec": { "nodes": 1 } }));
    assert_eq!(answer.status, 201);
    model
}

/// Adds a node pool of the cluster `id(1)`, created at minute 0.
pub(super) fn with_node_pool(mut model: Model, number: u128) -> Model {
    let body = json!({ "name": format!("pool-{number}"), "spec": {} });
    assert_eq!(model.create_node_pool(at(0), id(1), id(number), &body).status, 201);
    model
}

/// Returns a report. Its conditions are written as `Available=True Finalized=False`.
pub(super) fn report(adapter: &str, generation: i64, minutes: i64, conditions: &str) -> Report {
    let condition = |text: &str| {
        let (kind, status) = text.split_once('=').expect("a condition is Type=Status");
        Condition::new(kind, status)
    };
    Report {
        adapter: adapter.to_owned(),
        observed_generation: generation,
        observed_time: Some(at(minutes)),
        conditions: conditions.split_whitespace().map(condition).collect(),
    }
}

/// Sends a report at the minute at which it was observed.
pub(super) fn send(
    model: &mut Model,
    to: u128,
    adapter: &str,
    generation: i64,
    minutes: i64,
    text: &str,
) -> Expected {
    model.report(at(minutes), id(to), &report(adapter, generation, minutes, text))
}

/// Returns the body of an existing resource.
pub(super) fn body(model: &Model, number: u128) -> Value {
    model.get(id(number)).body.expect("the resource exists")
}

/// Returns the condition of this type.
pub(super) fn condition(body: &Value, kind: &str) -> Value {
    let conditions = body["status"]["conditions"].as_array().expect("conditions are a list");
    conditions.iter().find(|condition| condition["type"] == kind).cloned().unwrap_or_default()
}
