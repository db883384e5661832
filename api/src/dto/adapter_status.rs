use super::body::{Body, read};
use super::request::without_nulls;
use super::resource::ConditionStatus;
use super::value::{As, Time};
use crate::problem::ApiResult;
use chrono::{DateTime, TimeDelta, Utc};
use entity::JsonText;
use entity::adapter_status::Model;
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::error::{FieldError, shortened};
use service::name::AdapterName;
use service::status::{Report, ReportedCondition};
use std::collections::{HashMap, HashSet};

/// The maximum time by which an observation may be ahead of the server's clock, because clocks differ.
const MAX_AHEAD: TimeDelta = TimeDelta::minutes(5);
/// The maximum age of an observation.
const MAX_BEHIND: TimeDelta = TimeDelta::minutes(30);
/// The zero time of Go, 0001-01-01T00:00:00Z, in seconds since 1970. Go programs send it for a time that is not set.
const GO_ZERO_TIME: i64 = -62_135_596_800;

/// The last report of an adapter about a resource.
#[derive(Debug, Object, Serialize)]
pub struct AdapterStatus {
    /// The name of the adapter.
    pub adapter: String,
    /// The generation of the resource that the adapter had observed.
    pub observed_generation: i64,
    /// The time at which the adapter observed the resource.
    pub observed_time: Time,
    /// The conditions that the adapter reported.
    pub conditions: As<Vec<AdapterCondition>>,
    /// The data that the adapter reported.
    pub data: As<HashMap<String, Value>>,
    /// Information that the adapter reported about its own run. Absent if not reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<As<HashMap<String, Value>>>,
    /// The version of the adapter's configuration. Absent if not reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter_config_version: Option<String>,
    /// The version of the framework that the adapter is built on. Absent if not reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter_framework_version: Option<String>,
    /// The time at which the adapter's first report was observed.
    pub created_time: Time,
    /// The time at which this report was observed.
    pub last_report_time: Time,
}

/// A condition reported by an adapter.
#[derive(Debug, Object)]
pub struct AdapterCondition {
    /// The type of the condition.
    pub r#type: String,
    /// The status of the condition: `True`, `False` or `Unknown`.
    pub status: ConditionStatus,
    /// A one-word reason for the status.
    pub reason: Option<String>,
    /// A human-readable explanation of the status.
    pub message: Option<String>,
    /// The name of the adapter that reported the condition.
    pub adapter: String,
    /// The generation that the condition refers to.
    pub observed_generation: i64,
    /// The time at which the condition was first reported.
    pub created_at: Time,
    /// The time at which the condition was last reported.
    pub updated_at: Time,
    /// The time at which the status of the condition last changed.
    pub last_transition_time: Time,
}

/// The report of an adapter about a resource. Unknown fields are ignored.
#[derive(Debug, Object, Deserialize)]
pub struct AdapterStatusCreateRequest {
    /// The name of the adapter.
    #[oai(validator(min_length = 1, max_length = 253, pattern = "^[-A-Za-z0-9_.]+$"))]
    pub adapter: String,
    /// The generation of the resource that the adapter had observed.
    #[oai(validator(minimum(value = "1")))]
    pub observed_generation: i64,
    /// The time at which the adapter observed the resource. It may be at most 5 minutes in the future and 30 minutes
    /// in the past. Defaults to the server's time if absent or the zero time `0001-01-01T00:00:00Z`.
    #[oai(nullable)]
    pub observed_time: Option<Time>,
    /// The conditions of the resource. Each type may occur once.
    #[oai(validator(max_items = 100, unique_items = true))]
    pub conditions: Vec<ConditionRequest>,
    /// Arbitrary data to store with the report.
    #[oai(nullable)]
    pub data: Option<As<HashMap<String, Value>>>,
    /// Information about the adapter's own run.
    #[oai(nullable)]
    pub metadata: Option<As<HashMap<String, Value>>>,
    /// The version of the adapter's configuration. Any text is accepted.
    #[oai(nullable, validator(max_length = 253))]
    pub adapter_config_version: Option<String>,
    /// The version of the framework that the adapter is built on. Any text is accepted.
    #[oai(nullable, validator(max_length = 253))]
    pub adapter_framework_version: Option<String>,
}

/// A condition in a report.
#[derive(Debug, Object, Deserialize, PartialEq, Eq, Hash)]
pub struct ConditionRequest {
    /// The type of the condition, for example `Available`.
    #[oai(validator(min_length = 1, max_length = 316, pattern = r"[^\s\x85]"))]
    pub r#type: String,
    /// The status of the condition: `True`, `False` or `Unknown`.
    pub status: ConditionStatus,
    /// A one-word reason for the status.
    #[oai(nullable)]
    pub reason: Option<String>,
    /// A human-readable explanation of the status.
    #[oai(nullable)]
    pub message: Option<String>,
    /// The name of the adapter that reports the condition. Defaults to the adapter of the report.
    #[oai(nullable)]
    pub adapter: Option<String>,
    /// The generation that the condition refers to. Defaults to the generation of the report.
    #[oai(nullable)]
    pub observed_generation: Option<i64>,
    /// The time at which the condition was first reported.
    #[oai(nullable)]
    pub created_at: Option<Time>,
    /// The time at which the condition was last reported.
    #[oai(nullable)]
    pub updated_at: Option<Time>,
}

impl Body for AdapterStatusCreateRequest {
    type Value = Self;

    fn parse(_: &str, body: Value, now: DateTime<Utc>) -> ApiResult<Self> {
        let mut body = normalized(body);
        if let Some(Value::Array(conditions)) = body.get_mut("conditions") {
            for condition in conditions {
                *condition = normalized(condition.take());
            }
        }
        let mut faults = repeated_types(&body["conditions"]);
        faults.extend(outside_window(&body["observed_time"], now));
        read(body, faults)
    }
}

impl AdapterStatusCreateRequest {
    /// Converts the request to a report for the service.
    pub fn into_report(self) -> service::Result<Report> {
        Ok(Report {
            adapter: AdapterName::parse(&self.adapter)?,
            observed_generation: self.observed_generation,
            observed_time: self.observed_time.map(|time| time.0),
            conditions: self.conditions.into_iter().map(ReportedCondition::from).collect(),
            data: self.data.map_or_else(|| JsonText("{}".into()), |data| data.value),
            metadata: self.metadata.map(|metadata| metadata.value),
            adapter_config_version: self.adapter_config_version,
            adapter_framework_version: self.adapter_framework_version,
        })
    }
}

impl From<ConditionRequest> for ReportedCondition {
    fn from(condition: ConditionRequest) -> Self {
        Self {
            r#type: condition.r#type,
            status: condition.status.into(),
            reason: condition.reason,
            message: condition.message,
            adapter: condition.adapter,
            observed_generation: condition.observed_generation,
            created_at: condition.created_at.map(|time| time.0),
            updated_at: condition.updated_at.map(|time| time.0),
        }
    }
}

/// Returns a fault for each repeated condition type. The schema can only require that whole items are unique.
fn repeated_types(conditions: &Value) -> Vec<FieldError> {
    let mut types = HashSet::new();
    let named = conditions.as_array().into_iter().flatten().map(|condition| condition["type"].as_str());
    let repeated = named.enumerate().filter_map(|(index, name)| Some((index, name?)));
    let repeated = repeated.filter(|(_, name)| !types.insert(*name)).map(|(index, name)| {
        let shown = shortened(name);
        let message = format!("duplicate condition type '{shown}' at index {index}");
        FieldError::new(format!("conditions[{index}].type"), message).constraint("unique")
    });
    repeated.collect()
}

/// Returns a fault if the observation is too far from the server's time.
fn outside_window(observed_time: &Value, now: DateTime<Utc>) -> Option<FieldError> {
    let Time(time) = Time::parse(observed_time.as_str()?)?;
    let fault = |message, constraint| Some(FieldError::new("observed_time", message).constraint(constraint));
    if time > now + MAX_AHEAD {
        fault("observed_time must not be more than 5 minutes in the future", "max")
    } else if time < now - MAX_BEHIND {
        fault("observed_time must not be more than 30 minutes in the past", "min")
    } else {
        None
    }
}

/// Normalizes a report or a condition: removes members that count as absent (null and the zero time), and converts a
/// generation that is written as a fraction, such as 1.0, to an integer.
fn normalized(value: Value) -> Value {
    let mut value = without_nulls(value);
    let Some(members) = value.as_object_mut() else { return value };
    let zero = |value: &Value| {
        value.as_str().and_then(Time::parse).is_some_and(|time| time.0.timestamp() == GO_ZERO_TIME)
    };
    members.retain(|name, value| !(name.ends_with("_time") || name.ends_with("_at")) || !zero(value));
    if let Some(whole) = members.get("observed_generation").and_then(whole_number) {
        members.insert("observed_generation".to_owned(), whole.into());
    }
    value
}

/// Returns the integer that a number with a fractional part of zero represents.
fn whole_number(value: &Value) -> Option<i64> {
    let number = value.as_f64().filter(|_| value.is_f64())?;
    (number.fract() == 0.0 && number.abs() < i64::MAX as f64).then_some(number as i64)
}

impl From<Model> for AdapterStatus {
    fn from(report: Model) -> Self {
        let Model {
            owner_id: _,
            adapter,
            owner_type: _,
            observed_generation,
            conditions,
            data,
            metadata,
            adapter_config_version,
            adapter_framework_version,
            created_time,
            last_report_time,
        } = report;
        Self {
            adapter,
            observed_generation,
            observed_time: last_report_time.into(),
            conditions: conditions.into(),
            data: data.into(),
            metadata: metadata.map(As::from),
            adapter_config_version,
            adapter_framework_version,
            created_time: created_time.into(),
            last_report_time: last_report_time.into(),
        }
    }
}
