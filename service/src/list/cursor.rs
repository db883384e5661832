use crate::resource::store::OrderBy;
use crate::{Error, Kind, Resource, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike, Utc};
use sea_orm::Value;
use sea_orm::sea_query::Order;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::ops::RangeInclusive;
use uuid::Uuid;

/// The longest cursor that is read.
const MAX_LENGTH: usize = 4096;

/// The years of times that are stored. Far outside of them an engine may not know what is meant.
const YEARS: RangeInclusive<i32> = 1..=9999;

/// Where a page ended: the last resource's place in the order, and the list it was a page of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    #[serde(rename = "l")]
    pub(super) fingerprint: String,
    #[serde(rename = "k")]
    pub(super) keys: Vec<Key>,
}

/// The last resource's value of one column of the order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Key {
    Number(i64),
    Text(String),
    Absent(()),
}

impl Cursor {
    /// Reads a cursor as it was handed out.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = (text.len() <= MAX_LENGTH).then(|| URL_SAFE_NO_PAD.decode(text).ok())??;
        serde_json::from_slice(&bytes).ok()
    }

    pub(super) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl Key {
    pub(super) fn of(resource: &Resource, column: &str) -> Self {
        let text = |text: &str| Key::Text(text.to_owned());
        let id = |id: Option<Uuid>| id.map_or(Key::Absent(()), |id| Key::Text(id.to_string()));
        let time = |time: Option<DateTime<Utc>>| {
            time.map_or(Key::Absent(()), |time| Key::Number(time.timestamp_micros()))
        };
        let status = &resource.status;
        match column {
            "name" => text(&resource.name),
            "generation" => Key::Number(resource.generation),
            "updated_time" => time(Some(resource.updated_time)),
            "deleted_time" => time(resource.deleted_time),
            "created_by" => text(&resource.created_by),
            "updated_by" => text(&resource.updated_by),
            "deleted_by" => resource.deleted_by.as_deref().map_or(Key::Absent(()), text),
            "phase" => text(&status.phase),
            "observed_generation" => Key::Number(status.observed_generation),
            "status_updated_time" => time(Some(status.updated_time)),
            "status_transition_time" => time(Some(status.transition_time)),
            "owner_id" => id(resource.owner_id),
            _ => id(Some(resource.id)),
        }
    }

    /// The value to compare `column` with; `None` if it was absent.
    pub(super) fn value(&self, column: &str) -> Result<Option<Value>> {
        let damaged = || Error::bad_request("the cursor is damaged");
        Ok(Some(match (self, column) {
            (Key::Absent(()), _) => return Ok(None),
            (Key::Number(number), "generation" | "observed_generation") => (*number).into(),
            (Key::Number(micros), column) if column.ends_with("_time") => {
                let time =
                    DateTime::from_timestamp_micros(*micros).filter(|time| YEARS.contains(&time.year()));
                time.ok_or_else(damaged)?.into()
            }
            (Key::Text(text), "id" | "owner_id") => Uuid::parse_str(text).map_err(|_| damaged())?.into(),
            (Key::Text(text), column) if !column.ends_with("_time") && !column.ends_with("generation") => {
                // No column holds a NUL, and PostgreSQL takes none.
                Some(text.clone()).filter(|text| !text.contains('\0')).ok_or_else(damaged)?.into()
            }
            _ => return Err(damaged()),
        }))
    }
}

/// Says which list and order a cursor is good for.
pub(super) fn fingerprint(kind: Kind, terms: &[OrderBy], list: &[&str]) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    };
    add(kind.as_str());
    for term in terms {
        add(term.column);
        add(if term.order == Order::Desc { "desc" } else { "asc" });
    }
    for part in list {
        add(part);
    }
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..12])
}
