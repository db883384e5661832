//! Recomputes a resource from its reports, for comparison with the service's representation.

use super::aggregate::{Aggregate, Derived, Moment};
use super::report::{Condition, StoredReport};
use super::state::{Kind, Model, Resource, Settings};
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// Returns the body of a resource without node pools, with its status aggregated by the model from `reports`.
/// Aggregating the same reports again changes nothing, so the result equals `body` unless `body` lacks a report.
pub(crate) fn recomputed(settings: &Settings, body: &Value, reports: &Value) -> Value {
    let row = resource(body, reports);
    let id = row.id;
    let mut model = Model::new(settings.clone());
    model.rows.push(row);
    model.recompute(id, Moment::Written);
    model.get(id).body.expect("it is there")
}

fn resource(body: &Value, reports: &Value) -> Resource {
    let reports = reports.as_array().expect("a list of reports").iter().map(report);
    Resource {
        id: id(&body["id"]),
        kind: if body["kind"] == "Cluster" { Kind::Cluster } else { Kind::NodePool },
        parent: body.pointer("/owner_references/id").map(id),
        name: text(&body["name"]),
        spec: body["spec"].clone(),
        labels: body["labels"].clone(),
        generation: number(&body["generation"]),
        created_time: time(&body["created_time"]),
        updated_time: time(&body["updated_time"]),
        deleted_time: body.get("deleted_time").map(time),
        reports: reports.map(|report| (report.adapter.clone(), report)).collect(),
        aggregate: aggregate(&body["status"]),
    }
}

fn aggregate(status: &Value) -> Aggregate {
    let phases = ["NotReady", "Ready", "Failed"];
    Aggregate {
        phase: phases.into_iter().find(|phase| status["phase"] == *phase).expect("a phase"),
        observed_generation: number(&status["observed_generation"]),
        last_updated_time: time(&status["last_updated_time"]),
        last_transition_time: time(&status["last_transition_time"]),
        conditions: status["conditions"].as_array().expect("conditions").iter().map(derived).collect(),
    }
}

fn derived(condition: &Value) -> Derived {
    Derived {
        kind: text(&condition["type"]),
        is_true: condition["status"] == "True",
        reason: condition.get("reason").map(text),
        message: condition.get("message").map(text),
        observed_generation: number(&condition["observed_generation"]),
        created_time: time(&condition["created_time"]),
        last_updated_time: time(&condition["last_updated_time"]),
        last_transition_time: time(&condition["last_transition_time"]),
    }
}

fn report(report: &Value) -> StoredReport {
    let condition = |sent: &Value| {
        let condition = Condition {
            kind: text(&sent["type"]),
            status: text(&sent["status"]),
            reason: sent.get("reason").map(text),
            message: sent.get("message").map(text),
        };
        (condition, time(&sent["last_transition_time"]))
    };
    StoredReport {
        adapter: text(&report["adapter"]),
        observed_generation: number(&report["observed_generation"]),
        created_time: time(&report["created_time"]),
        last_report_time: time(&report["last_report_time"]),
        conditions: report["conditions"].as_array().expect("conditions").iter().map(condition).collect(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn number(value: &Value) -> i64 {
    value.as_i64().expect("a whole number")
}

fn time(value: &Value) -> DateTime<Utc> {
    text(value).parse().expect("a time")
}

fn id(value: &Value) -> Uuid {
    text(value).parse().expect("an id")
}
