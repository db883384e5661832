//! Representations of resources.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::aggregate::Derived;
use super::report::StoredReport;
use super::state::{Kind, Resource};

/// The author of all changes while authentication is disabled.
pub(crate) const CALLER: &str = "system@hyperfleet.local";

const BASE: &str = "/api/hyperfleet/v1";

/// Formats a time as RFC 3339 in UTC with microseconds.
pub(crate) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Returns the path of a resource below the base path. The path of a node pool is nested under its cluster.
pub(crate) fn nested_path(id: Uuid, parent: Option<Uuid>) -> String {
    match parent {
        Some(parent) => format!("/clusters/{parent}/nodepools/{id}"),
        None => format!("/clusters/{id}"),
    }
}

impl Resource {
    /// Returns the complete representation.
    pub(crate) fn to_json(&self) -> Value {
        let mut body = json!({
            "id": self.id.to_string(),
            "kind": self.kind.name(),
            "name": self.name,
            "href": format!("{BASE}{}", nested_path(self.id, self.parent)),
            "spec": self.spec,
            "labels": self.labels,
            "generation": self.generation,
            "created_time": time(self.created_time),
            "updated_time": time(self.updated_time),
            "created_by": CALLER,
            "updated_by": CALLER,
            "status": self.status(),
        });
        if let Some(parent) = self.parent {
            body["owner_references"] = json!({
                "id": parent.to_string(),
                "kind": Kind::Cluster.name(),
                "href": format!("{BASE}{}", nested_path(parent, None)),
            });
        }
        if let Some(deleted) = self.deleted_time {
            body["deleted_time"] = json!(time(deleted));
            body["deleted_by"] = json!(CALLER);
        }
        body
    }

    fn status(&self) -> Value {
        let aggregate = &self.aggregate;
        json!({
            "phase": aggregate.phase,
            "observed_generation": aggregate.observed_generation,
            "last_updated_time": time(aggregate.last_updated_time),
            "last_transition_time": time(aggregate.last_transition_time),
            "conditions": aggregate.conditions.iter().map(condition).collect::<Vec<_>>(),
            "adapters": self.reports.values().map(adapter).collect::<Vec<_>>(),
        })
    }
}

fn condition(derived: &Derived) -> Value {
    let mut body = json!({
        "type": derived.kind,
        "status": if derived.is_true { "True" } else { "False" },
        "observed_generation": derived.observed_generation,
        "created_time": time(derived.created_time),
        "last_updated_time": time(derived.last_updated_time),
        "last_transition_time": time(derived.last_transition_time),
    });
    for (key, text) in [("reason", &derived.reason), ("message", &derived.message)] {
        if let Some(text) = text {
            body[key] = json!(text);
        }
    }
    body
}

fn adapter(report: &StoredReport) -> Value {
    json!({
        "adapter": report.adapter,
        "observed_generation": report.observed_generation,
        "available": report.availability(),
        "health": report.status_of("Health").unwrap_or("Unknown"),
        "last_report_time": time(report.last_report_time),
    })
}
