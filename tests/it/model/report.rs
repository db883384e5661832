//! Reports of adapters, as sent and as stored.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::render::time;

/// A report as an adapter sends it. It may be invalid, so the strings are not validated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) adapter: String,
    pub(crate) observed_generation: i64,
    /// The observed time. If absent, the service uses its own time.
    pub(crate) observed_time: Option<DateTime<Utc>>,
    pub(crate) conditions: Vec<Condition>,
}

/// A condition as an adapter sends it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) message: Option<String>,
}

/// The latest accepted report of one adapter about one resource.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredReport {
    pub(crate) adapter: String,
    pub(crate) observed_generation: i64,
    /// The observed time of the adapter's first accepted report.
    pub(crate) created_time: DateTime<Utc>,
    /// The observed time of this report.
    pub(crate) last_report_time: DateTime<Utc>,
    /// Each condition, with the time at which its status last changed.
    pub(crate) conditions: Vec<(Condition, DateTime<Utc>)>,
}

impl Condition {
    /// Returns a condition without reason and message.
    pub(crate) fn new(kind: &str, status: &str) -> Self {
        Self { kind: kind.to_owned(), status: status.to_owned(), reason: None, message: None }
    }

    fn to_json(&self) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("type".to_owned(), json!(self.kind));
        object.insert("status".to_owned(), json!(self.status));
        for (key, text) in [("reason", &self.reason), ("message", &self.message)] {
            if let Some(text) = text {
                object.insert(key.to_owned(), json!(text));
            }
        }
        object
    }
}

impl Report {
    /// Returns the request body.
    pub(crate) fn to_json(&self) -> Value {
        let conditions: Vec<_> = self.conditions.iter().map(Condition::to_json).collect();
        let mut body = json!({
            "adapter": self.adapter,
            "observed_generation": self.observed_generation,
            "conditions": conditions,
        });
        if let Some(observed) = self.observed_time {
            body["observed_time"] = json!(time(observed));
        }
        body
    }

    /// Returns the observed time, or the server's time if none was sent.
    pub(crate) fn observed_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.observed_time.unwrap_or(now)
    }

    /// Returns whether the report is well-formed. Does not depend on any resource.
    pub(crate) fn is_valid(&self, now: DateTime<Utc>) -> bool {
        let observed = self.observed_at(now);
        let in_time = observed <= now + TimeDelta::minutes(5) && observed >= now - TimeDelta::minutes(30);
        let condition_is_valid = |(index, condition): (usize, &Condition)| {
            let is_first = self.conditions[..index].iter().all(|earlier| earlier.kind != condition.kind);
            !condition.kind.is_empty()
                && is_first
                && ["True", "False", "Unknown"].contains(&condition.status.as_str())
        };
        !self.adapter.is_empty()
            && self.observed_generation >= 1
            && in_time
            && self.conditions.iter().enumerate().all(condition_is_valid)
    }

    /// Returns the report as stored, given the adapter's previous stored report.
    pub(crate) fn store(&self, earlier: Option<&StoredReport>, observed: DateTime<Utc>) -> StoredReport {
        let since = |condition: &Condition| {
            let stored = earlier.and_then(|earlier| earlier.find(&condition.kind));
            stored
                .filter(|(stored, _)| stored.status == condition.status)
                .map_or(observed, |(_, since)| *since)
        };
        StoredReport {
            adapter: self.adapter.clone(),
            observed_generation: self.observed_generation,
            created_time: earlier.map_or(observed, |earlier| earlier.created_time),
            last_report_time: observed,
            conditions: self.conditions.iter().map(|sent| (sent.clone(), since(sent))).collect(),
        }
    }
}

impl StoredReport {
    /// Returns the status of the condition of this type, if the report has one.
    pub(crate) fn status_of(&self, kind: &str) -> Option<&str> {
        self.find(kind).map(|(condition, _)| condition.status.as_str())
    }

    /// Returns whether the adapter reports `Finalized`.
    pub(crate) fn is_finalized(&self) -> bool {
        self.status_of("Finalized") == Some("True")
    }

    /// See [`availability`].
    pub(crate) fn availability(&self) -> &str {
        let conditions: Vec<_> = self.conditions.iter().map(|(condition, _)| condition).collect();
        availability(&conditions)
    }

    /// Returns the condition that states the availability directly, or `None` if the availability is derived from the
    /// others.
    pub(crate) fn availability_source(&self) -> Option<&Condition> {
        self.find("Available").or_else(|| self.find("Ready")).map(|(condition, _)| condition)
    }

    /// Returns the deterministic part of the stored report's representation.
    pub(crate) fn to_json(&self) -> Value {
        let conditions = self.conditions.iter().map(|(condition, since)| {
            let mut object = condition.to_json();
            object.insert("last_transition_time".to_owned(), json!(time(*since)));
            object
        });
        let conditions: Vec<_> = conditions.collect();
        json!({
            "adapter": self.adapter,
            "observed_generation": self.observed_generation,
            "observed_time": time(self.last_report_time),
            "created_time": time(self.created_time),
            "last_report_time": time(self.last_report_time),
            "conditions": conditions,
        })
    }

    fn find(&self, kind: &str) -> Option<&(Condition, DateTime<Utc>)> {
        self.conditions.iter().find(|(condition, _)| condition.kind == kind)
    }
}

/// Returns the status of `Available`, else of `Ready`, else whether all conditions except `Progressing` and
/// `Finalized` are True.
pub(crate) fn availability<'a>(conditions: &[&'a Condition]) -> &'a str {
    let find = |kind: &str| conditions.iter().find(|condition| condition.kind == kind);
    if let Some(source) = find("Available").or_else(|| find("Ready")) {
        return &source.status;
    }
    let mut telling = conditions
        .iter()
        .filter(|condition| !["Progressing", "Finalized"].contains(&condition.kind.as_str()));
    let has_any = telling.clone().next().is_some();
    if has_any && telling.all(|condition| condition.status == "True") { "True" } else { "False" }
}
