use super::schema::{described, inline, text};
use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use entity::JsonText;
use poem_openapi::types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::marker::PhantomData;
use uuid::Uuid;

/// A value that the served document describes as an `S`. Usually a stored JSON document that is returned byte for
/// byte.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent, bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
pub struct As<S, T = JsonText> {
    /// The value.
    pub value: T,
    #[serde(skip)]
    shape: PhantomData<fn() -> S>,
}

impl<S, T> From<T> for As<S, T> {
    fn from(value: T) -> Self {
        Self { value, shape: PhantomData }
    }
}

described!(As<S, T> where [S: Type, T: Send + Sync], S::name(), S::schema_ref(), S::register);

/// A header as it was sent. Of repeated headers, the first is used.
impl<S: Type> ParseFromParameter for As<S, String> {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        Ok(value.to_owned().into())
    }
}

/// A time in UTC, always serialized with microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Time(pub DateTime<Utc>);

impl Time {
    /// Parses an RFC 3339 time. Digits beyond microseconds are truncated.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|time| Self(time.to_utc().trunc_subsecs(6)))
    }
}

impl From<DateTime<Utc>> for Time {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("not an RFC 3339 time"))
    }
}

described!(Time, "string(date-time)", inline(text(Some("date-time"))));

/// Implements the framework's traits for members of an object by means of serde.
macro_rules! member {
    ($type:ty $(where [$($generics:tt)+])?) => {
        impl $(<$($generics)+>)? ToJSON for $type {
            fn to_json(&self) -> Option<Value> {
                serde_json::to_value(self).ok()
            }
        }

        impl $(<$($generics)+>)? ParseFromJSON for $type {
            fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
                serde_json::from_value(value.unwrap_or_default()).map_err(ParseError::custom)
            }
        }
    };
}
member!(Time);
member!(As<S, T> where [S: Type, T: Serialize + DeserializeOwned + Send + Sync]);

/// The `id` in a path. It is accepted in any form, and the operation reports an id that is not a UUID in lower case
/// as not found.
#[derive(Clone, Debug)]
pub struct Id(String);

impl Id {
    /// Returns the id, or `None` if it is not a UUID in lower case.
    pub fn uuid(&self) -> Option<Uuid> {
        Uuid::parse_str(&self.0).ok().filter(|id| id.to_string() == self.0)
    }

    /// Returns the text in the path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ParseFromParameter for Id {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        Ok(Self(value.to_owned()))
    }
}

described!(Id, "string(uuid)", inline(text(Some("uuid"))));
