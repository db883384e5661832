use crate::error::{Error, Result};
use crate::field::{Column, Type};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike};
use sea_orm::Value;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use uuid::Uuid;

/// The longest cursor that is read.
const MAX_LENGTH: usize = 4096;

/// The years of times that are stored. Far outside of them an engine may not know what is meant.
const YEARS: RangeInclusive<i32> = 1..=9999;

/// Where a page ended: the last item's place in the order, and the list it was a page of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    #[serde(rename = "l")]
    pub(crate) fingerprint: String,
    #[serde(rename = "k")]
    pub(crate) keys: Vec<SortKey>,
    /// Where the log of changes was when the first page was read.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<String>,
}

/// An item's value of one column of the order. Keys of a column compare as the databases order it: an absent value is
/// greater than every other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum SortKey {
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

    pub(crate) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl SortKey {
    /// The key that stands for a value of a row.
    pub(crate) fn of(value: Value) -> Self {
        match value {
            Value::BigInt(Some(number)) => SortKey::Number(number),
            Value::ChronoDateTimeUtc(Some(time)) => SortKey::Number(time.timestamp_micros()),
            Value::Uuid(Some(id)) => SortKey::Text(id.to_string()),
            Value::String(Some(text)) => SortKey::Text(text),
            _ => SortKey::Absent(()),
        }
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let text = if let SortKey::Text(text) = self { text.len() } else { 0 };
        size_of::<Self>() + text
    }

    /// The value to compare `column` with; `None` if it was absent.
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
                // No column holds a NUL, and PostgreSQL takes none.
                Some(text.clone()).filter(|text| !text.contains('\0')).ok_or_else(damaged)?.into()
            }
            _ => return Err(damaged()),
        }))
    }
}
