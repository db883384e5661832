//! Cursors: where a page of a list ended.

use crate::error::{Error, Result};
use crate::field::{Column, Type};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike};
use sea_orm::Value;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use uuid::Uuid;

/// The maximum length of a cursor, in bytes.
const MAX_LENGTH: usize = 4096;

/// The years of stored times. An engine may not interpret times far outside this range correctly.
const YEARS: RangeInclusive<i32> = 1..=9999;

/// The end of a page: the sort keys of its last item, and the list that the page belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    #[serde(rename = "l")]
    pub(crate) fingerprint: String,
    #[serde(rename = "k")]
    pub(crate) keys: Vec<SortKey>,
    /// The position in the log of changes when the first page was read.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<String>,
}

/// The value of an item in one column of the order. Keys of a column compare in the order of the databases: an
/// absent value is greater than every other value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum SortKey {
    Number(i64),
    Text(String),
    Absent(()),
}

impl Cursor {
    /// Decodes a cursor. Returns `None` if it is malformed or too long.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = (text.len() <= MAX_LENGTH).then(|| URL_SAFE_NO_PAD.decode(text).ok())??;
        serde_json::from_slice(&bytes).ok()
    }

    pub(crate) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl SortKey {
    /// Converts a value of a row to a key.
    pub(crate) fn of(value: Value) -> Self {
        match value {
            Value::BigInt(Some(number)) => SortKey::Number(number),
            Value::ChronoDateTimeUtc(Some(time)) => SortKey::Number(time.timestamp_micros()),
            Value::Uuid(Some(id)) => SortKey::Text(id.to_string()),
            Value::String(Some(text)) => SortKey::Text(text),
            _ => SortKey::Absent(()),
        }
    }

    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let text = if let SortKey::Text(text) = self { text.len() } else { 0 };
        size_of::<Self>() + text
    }

    /// Returns the value to compare `column` with; `None` if the value was absent.
    pub(crate) fn value(&self, column: &Column) -> Result<Option<Value>> {
        let damaged = || Error::bad_request("The cursor is damaged");
        Ok(Some(match (self, column.r#type) {
            (SortKey::Absent(()), _) => return Ok(None),
            (SortKey::Number(number), Type::Integer) => (*number).into(),
            (SortKey::Number(micros), Type::Time) => {
                let time =
                    DateTime::from_timestamp_micros(*micros).filter(|time| YEARS.contains(&time.year()));
                time.ok_or_else(damaged)?.into()
            }
            (SortKey::Text(text), Type::Uuid) => Uuid::parse_str(text).map_err(|_| damaged())?.into(),
            (SortKey::Text(text), Type::Text) => {
                // No column holds a NUL, and PostgreSQL does not accept one.
                Some(text.clone()).filter(|text| !text.contains('\0')).ok_or_else(damaged)?.into()
            }
            _ => return Err(damaged()),
        }))
    }
}
