//! Resolution of a step to a request: indices become ids, offsets become times.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::render::nested_path;
use super::report::{Condition, Report};
use super::request::{Operation, Request};
use super::state::{Kind, Model, Resource};
use super::step::{
    ADAPTERS, CLUSTER_NAMES, Change, Creation, CreationFault, NODE_POOL_NAMES, Observation, ObservationFault,
    Observed, Pick, Reason, Step, Target, label_sets, specs,
};

impl Step {
    /// Returns the request that this step represents in the current state of the model.
    pub(crate) fn resolve(&self, model: &Model, now: DateTime<Utc>) -> Request {
        match self {
            Self::CreateCluster(creation) => {
                let body = creation.body(Kind::Cluster);
                Request {
                    method: "POST",
                    path: "/clusters".to_owned(),
                    operation: Operation::CreateCluster { body },
                }
            }
            Self::CreateNodePool { parent, creation } => {
                let (parent, body) = (parent.id(model), creation.body(Kind::NodePool));
                let path = format!("/clusters/{parent}/nodepools");
                Request { method: "POST", path, operation: Operation::CreateNodePool { parent, body } }
            }
            Self::Patch { target, change } => {
                let (id, path) = (target.id(model), target.path(model));
                let body = change.body(model.row(id));
                Request { method: "PATCH", path, operation: Operation::Patch { id, body } }
            }
            Self::Delete { target } => {
                let operation = Operation::Delete { id: target.id(model) };
                Request { method: "DELETE", path: target.path(model), operation }
            }
            Self::Report(observation) => observation.request(model, now),
            Self::ForceDelete { target, reason } => {
                let operation = Operation::ForceDelete { id: target.id(model), reason: reason.text() };
                Request { method: "POST", path: target.path(model) + "/force-delete", operation }
            }
        }
    }
}

impl Target {
    fn id(self, model: &Model) -> Uuid {
        self.row(model).map_or(Uuid::nil(), |row| row.id)
    }

    fn path(self, model: &Model) -> String {
        match self.row(model) {
            Some(row) if row.kind == Kind::NodePool && self.flat => format!("/nodepools/{}", row.id),
            Some(row) => nested_path(row.id, row.parent),
            None => nested_path(Uuid::nil(), None),
        }
    }

    fn row(self, model: &Model) -> Option<&Resource> {
        let nth = |index: usize, fits: &dyn Fn(&Resource) -> bool| {
            let fitting: Vec<_> = model.rows.iter().filter(|row| fits(row)).collect();
            fitting.get(index.checked_rem(fitting.len())?).copied()
        };
        let any = |index| nth(index, &|_| true);
        match self.pick {
            Pick::Any(index) => any(index),
            Pick::Cluster(index) => nth(index, &|row| row.kind == Kind::Cluster),
            Pick::NodePool(index) => nth(index, &|row| row.kind == Kind::NodePool).or_else(|| any(index)),
            Pick::Finalizing(index) => nth(index, &Resource::is_finalizing).or_else(|| any(index)),
            Pick::Gone => model.gone.last(),
        }
    }
}

impl Creation {
    fn body(&self, kind: Kind) -> Value {
        let names = match kind {
            Kind::Cluster => CLUSTER_NAMES,
            Kind::NodePool => NODE_POOL_NAMES,
        };
        let mut body = json!({ "name": nth(&names, self.name), "spec": nth(&specs(), self.spec) });
        if let Some(labels) = self.labels {
            body["labels"] = nth(&label_sets(), labels);
            body["kind"] = json!(kind.name());
        }
        match self.fault {
            None => {}
            Some(CreationFault::ShortName) => body["name"] = json!("ab"),
            Some(CreationFault::LongName) => body["name"] = json!("a".repeat(kind.name_lengths().end() + 1)),
            Some(CreationFault::UpperCaseName) => body["name"] = json!("Alpha"),
            Some(CreationFault::TrailingHyphen) => body["name"] = json!("alpha-"),
            Some(CreationFault::WrongKind) => body["kind"] = json!("Channel"),
            Some(CreationFault::NoSpec) => body["spec"] = Value::Null,
            Some(CreationFault::SpecIsNoObject) => body["spec"] = json!(["nodes"]),
            Some(CreationFault::BadLabelKey) => body["labels"] = json!({ "-env": "test" }),
        }
        body
    }
}

impl Change {
    fn body(&self, row: Option<&Resource>) -> Value {
        match self {
            Self::Sections { spec, labels } => {
                let mut body = json!({});
                if let Some(spec) = spec {
                    body["spec"] = nth(&specs(), *spec);
                }
                if let Some(labels) = labels {
                    body["labels"] = nth(&label_sets(), *labels);
                }
                body
            }
            Self::Unchanged => match row {
                Some(row) => json!({ "spec": respelled(&row.spec), "labels": row.labels }),
                None => json!({ "spec": {} }),
            },
            Self::Empty => json!({}),
            Self::Nulls => json!({ "spec": null, "labels": null }),
            Self::UnknownKey => json!({ "labels": {}, "name": "renamed" }),
            Self::BadLabelValue => json!({ "labels": { "env": "no spaces" } }),
        }
    }
}

impl Reason {
    fn text(self) -> String {
        match self {
            Self::Given => "The cloud account is gone".to_owned(),
            Self::Longest => "é".repeat(1024),
            Self::Empty => String::new(),
            Self::TooLong => "x".repeat(1025),
        }
    }
}

impl Observation {
    fn request(&self, model: &Model, now: DateTime<Utc>) -> Request {
        let id = self.target.id(model);
        Request {
            method: if self.put { "PUT" } else { "POST" },
            path: self.target.path(model) + "/statuses",
            operation: Operation::Report { id, report: self.report(model.row(id), now) },
        }
    }

    fn report(&self, row: Option<&Resource>, now: DateTime<Utc>) -> Report {
        let adapter = nth(&ADAPTERS, self.adapter);
        let stored = row.and_then(|row| row.reports.get(adapter));
        let observed_time = match self.observed {
            Observed::Absent => None,
            Observed::Offset(seconds) => Some(now + TimeDelta::seconds(seconds)),
            Observed::Stored(micros) => {
                Some(stored.map_or(now, |stored| stored.last_report_time) + TimeDelta::microseconds(micros))
            }
        };
        let mut report = Report {
            adapter: adapter.to_owned(),
            observed_generation: row.map_or(1, |row| row.generation) + self.generation,
            observed_time,
            conditions: self.conditions.iter().map(|(kind, status)| self.condition(kind, status)).collect(),
        };
        match self.fault {
            None => {}
            Some(ObservationFault::DuplicateType) => {
                let twice = [Condition::new("Applied", "True"), Condition::new("Applied", "False")];
                report.conditions = twice.into();
            }
            Some(ObservationFault::EmptyType) => report.conditions.push(Condition::new("", "True")),
            Some(ObservationFault::OtherStatus) => report.conditions.push(Condition::new("Synced", "true")),
            Some(ObservationFault::NoAdapter) => report.adapter.clear(),
        }
        report
    }

    fn condition(&self, kind: &str, status: &str) -> Condition {
        let reason = self.text.map(|number| format!("{kind}{status}{number}"));
        let message = self.text.map(|number| format!("{kind} is {status}, for the time of number {number}"));
        Condition { reason, message, ..Condition::new(kind, status) }
    }
}

fn nth<T: Clone>(values: &[T], index: usize) -> T {
    values[index % values.len()].clone()
}

/// Returns the same JSON with small integers written as `1.0`.
fn respelled(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_i64().and_then(|whole| i32::try_from(whole).ok()) {
            Some(small) => json!(f64::from(small)),
            None => value.clone(),
        },
        Value::Array(items) => items.iter().map(respelled).collect(),
        Value::Object(object) => object.iter().map(|(key, item)| (key.clone(), respelled(item))).collect(),
        _ => value.clone(),
    }
}
