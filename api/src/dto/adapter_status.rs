use super::{Raw, ReadBody, Time};
use crate::app::App;
use crate::json::Fields;
use crate::problem::ApiError;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use entity::JsonText;
use poem_openapi::{Enum, Object};
use serde::Serialize;
use serde_json::{Map, Value};
use service::status::{Report, ReportState, ReportedCondition, StoredCondition, StoredReport};
use service::{AdapterName, FieldError};
use std::collections::{HashMap, HashSet};

/// How far ahead an observation may be: clocks differ.
const AHEAD: TimeDelta = TimeDelta::minutes(5);
/// How old an observation may be.
const BEHIND: TimeDelta = TimeDelta::minutes(30);
/// The most conditions one report may carry.
const MAX_CONDITIONS: usize = 100;
/// The longest condition type, in characters.
const MAX_TYPE: usize = 316;

/// What an adapter last reported about a resource.
#[derive(Debug, Object, Serialize)]
pub struct AdapterStatus {
    /// The adapter's name.
    pub adapter: String,
    /// The generation it had seen.
    pub observed_generation: i64,
    /// When it looked.
    pub observed_time: Time,
    /// What it saw.
    pub conditions: Vec<AdapterCondition>,
    /// What it wanted kept.
    pub data: Raw<HashMap<String, Value>>,
    /// What it said of its own run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    pub metadata: Option<Raw<HashMap<String, Value>>>,
    /// When its first report was observed.
    pub created_time: Time,
    /// When this report was observed.
    pub last_report_time: Time,
}

/// One statement of an adapter.
#[derive(Debug, Object, Serialize)]
pub struct AdapterCondition {
    /// What is stated.
    pub r#type: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word on why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    pub reason: Option<String>,
    /// A sentence on why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    pub message: Option<String>,
    /// Who states it.
    pub adapter: String,
    /// The generation it speaks of.
    pub observed_generation: i64,
    /// When it was first stated.
    pub created_at: Time,
    /// When it was last stated.
    pub updated_at: Time,
    /// When its status last changed.
    pub last_transition_time: Time,
}

/// Whether a statement holds.
#[derive(Debug, Enum, Serialize)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Nobody can tell.
    Unknown,
}

/// What an adapter reports about a resource.
#[derive(Debug, Object)]
pub struct AdapterStatusCreateRequest {
    /// The adapter's name.
    #[oai(validator(
        min_length = 1,
        max_length = 253,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    ))]
    pub adapter: String,
    /// The generation the adapter had seen when it looked.
    #[oai(validator(minimum(value = "1")))]
    pub observed_generation: i64,
    /// When the adapter looked: at most 5 minutes ahead and 30 behind. The server's time if absent.
    pub observed_time: Option<Time>,
    /// What it saw, each type once.
    #[oai(validator(max_items = 100))]
    pub conditions: Vec<ConditionRequest>,
    /// Anything the adapter wants kept.
    pub data: Option<HashMap<String, Value>>,
    /// What the adapter says of its own run.
    pub metadata: Option<HashMap<String, Value>>,
}

/// One statement of an adapter.
#[derive(Debug, Object)]
pub struct ConditionRequest {
    /// What is stated, like `Available`.
    #[oai(validator(min_length = 1, max_length = 316, pattern = r"[^\s\x85]"))]
    pub r#type: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word on why.
    pub reason: Option<String>,
    /// A sentence on why.
    pub message: Option<String>,
    /// Who states it; the report's adapter if absent.
    pub adapter: Option<String>,
    /// The generation it speaks of; the report's if absent.
    pub observed_generation: Option<i64>,
    /// When it was first stated.
    pub created_at: Option<Time>,
    /// When it was last stated.
    pub updated_at: Option<Time>,
}

impl ReadBody for AdapterStatusCreateRequest {
    type Value = Report;

    fn read(body: Value, app: &App) -> Result<Report, ApiError> {
        let now = app.context.clock.now();
        let mut fields = Fields::of(body)?;
        let adapter = fields.text("adapter").and_then(|name| fields.keep(AdapterName::parse(&name)));
        let generation = fields.integer("observed_generation");
        if generation.is_some_and(|generation| generation < 1) {
            fields.fault("observed_generation", "observed_generation must be at least 1", "min");
        }
        let conditions = fields.list("conditions").map(|list| read_conditions(&mut fields, list));
        let time = read_time(&mut fields, "observed_time").map(|time| time.trunc_subsecs(6));
        if time.is_some_and(|time| time > now + AHEAD) {
            fields.fault(
                "observed_time",
                "observed_time must not be more than 5 minutes in the future",
                "max",
            );
        } else if time.is_some_and(|time| time < now - BEHIND) {
            fields.fault(
                "observed_time",
                "observed_time must not be more than 30 minutes in the past",
                "min",
            );
        }
        let object = |map: Map<String, Value>| JsonText(Value::Object(map).to_string());
        let data = fields.optional_object("data").map_or_else(|| JsonText("{}".into()), object);
        let metadata = fields.optional_object("metadata").map(object);
        let report =
            adapter.zip(generation).zip(conditions).map(|((adapter, generation), conditions)| Report {
                adapter,
                observed_generation: generation,
                observed_time: time,
                conditions,
                data,
                metadata,
            });
        fields.finish(report)
    }
}

fn read_conditions(fields: &mut Fields, list: Vec<Value>) -> Vec<ReportedCondition> {
    if list.len() > MAX_CONDITIONS {
        fields.fault("conditions", format!("at most {MAX_CONDITIONS} conditions are allowed"), "max_items");
        return Vec::new();
    }
    let mut conditions = Vec::new();
    let mut types = HashSet::new();
    for (index, item) in list.into_iter().enumerate() {
        let (condition, errors) = read_condition(item, index);
        fields.extend(errors);
        if let Some(condition) = condition {
            if !types.insert(condition.r#type.clone()) {
                let message = format!("duplicate condition type '{}' at index {index}", condition.r#type);
                fields.fault(&format!("conditions[{index}].type"), message, "unique");
            }
            conditions.push(condition);
        }
    }
    conditions
}

fn read_condition(item: Value, index: usize) -> (Option<ReportedCondition>, Vec<FieldError>) {
    let prefix = format!("conditions[{index}].");
    let Value::Object(map) = item else {
        let error = FieldError::new(format!("conditions[{index}]"), "a condition must be an object");
        return (None, vec![error.constraint("type")]);
    };
    let mut fields = Fields::nested(map, prefix);
    let name = fields.text("type");
    if let Some(name) = &name {
        check_type(&mut fields, name, index);
    }
    let status = fields.text("status").and_then(|text| {
        text.parse()
            .map_err(|()| {
                let found: String = text.chars().take(80).collect();
                let message = format!("invalid status value '{found}': must be True, False or Unknown");
                fields.fault("status", message, "enum");
            })
            .ok()
    });
    let reason = fields.optional_text("reason");
    let message = fields.optional_text("message");
    let adapter = fields.optional_text("adapter");
    let observed_generation = fields.optional_integer("observed_generation");
    let created_at = read_time(&mut fields, "created_at");
    let updated_at = read_time(&mut fields, "updated_at");
    let condition = name.zip(status).map(|(r#type, status)| ReportedCondition {
        r#type,
        status,
        reason,
        message,
        adapter,
        observed_generation,
        created_at,
        updated_at,
    });
    (condition, fields.into_errors())
}

fn check_type(fields: &mut Fields, name: &str, index: usize) {
    if name.trim().is_empty() {
        fields.fault("type", format!("condition type cannot be empty at index {index}"), "required");
    } else if name.chars().count() > MAX_TYPE {
        fields.fault("type", format!("condition type must be at most {MAX_TYPE} characters"), "max_length");
    }
}

fn read_time(fields: &mut Fields, field: &str) -> Option<DateTime<Utc>> {
    let text = fields.optional_text(field)?;
    match DateTime::parse_from_rfc3339(&text) {
        Ok(time) => Some(time.to_utc().trunc_subsecs(6)),
        Err(_) => {
            fields.fault(
                field,
                format!("{field} must be an RFC 3339 time, like 2026-01-01T00:00:00Z"),
                "format",
            );
            None
        }
    }
}

impl From<StoredReport> for AdapterStatus {
    fn from(report: StoredReport) -> Self {
        let StoredReport { state, data, metadata } = report;
        let ReportState { adapter, observed_generation, conditions, created_time, last_report_time } = state;
        Self {
            adapter,
            observed_generation,
            observed_time: last_report_time.into(),
            conditions: conditions.into_iter().map(AdapterCondition::from).collect(),
            data: data.into(),
            metadata: metadata.map(Raw::from),
            created_time: created_time.into(),
            last_report_time: last_report_time.into(),
        }
    }
}

impl From<StoredCondition> for AdapterCondition {
    fn from(condition: StoredCondition) -> Self {
        let StoredCondition {
            r#type,
            status,
            reason,
            message,
            adapter,
            observed_generation,
            created_at,
            updated_at,
            last_transition_time,
        } = condition;
        Self {
            r#type,
            status: status.into(),
            reason,
            message,
            adapter,
            observed_generation,
            created_at: created_at.into(),
            updated_at: updated_at.into(),
            last_transition_time: last_transition_time.into(),
        }
    }
}

impl From<service::status::ConditionStatus> for ConditionStatus {
    fn from(status: service::status::ConditionStatus) -> Self {
        match status {
            service::status::ConditionStatus::True => Self::True,
            service::status::ConditionStatus::False => Self::False,
            service::status::ConditionStatus::Unknown => Self::Unknown,
        }
    }
}
