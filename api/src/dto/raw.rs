use chrono::{DateTime, SecondsFormat, Utc};
use entity::JsonText;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type};
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::marker::PhantomData;
use uuid::Uuid;

/// A stored document, handed out byte for byte; the served document describes it as an `S`.
#[derive(Debug)]
pub struct Raw<S> {
    text: JsonText,
    shape: PhantomData<fn() -> S>,
}

impl<S> From<JsonText> for Raw<S> {
    fn from(text: JsonText) -> Self {
        Self { text, shape: PhantomData }
    }
}

impl<S> Serialize for Raw<S> {
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        self.text.serialize(serializer)
    }
}

impl<S: Type> Type for Raw<S> {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        S::name()
    }

    fn schema_ref() -> MetaSchemaRef {
        S::schema_ref()
    }

    fn register(registry: &mut Registry) {
        S::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl<S: Type> ToJSON for Raw<S> {
    fn to_json(&self) -> Option<Value> {
        self.text.read().ok()
    }
}

impl<S: Type> ParseFromJSON for Raw<S> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        Ok(JsonText(value.unwrap_or_default().to_string()).into())
    }
}

/// A time in UTC, always printed with microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub DateTime<Utc>);

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

/// The `id` of a path. One that is no UUID in lower case names nothing, which is for the operation to say.
#[derive(Clone, Debug)]
pub struct Id(String);

impl Id {
    /// The id, if it can be one.
    pub fn uuid(&self) -> Option<Uuid> {
        Uuid::parse_str(&self.0).ok().filter(|id| id.to_string() == self.0)
    }

    /// What the path says.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ParseFromParameter for Id {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        Ok(Self(value.to_owned()))
    }
}

impl ParseFromJSON for Time {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let time = value.as_ref().and_then(Value::as_str).and_then(|text| text.parse().ok());
        time.map(Self).ok_or_else(|| poem_openapi::types::ParseError::custom("not a time"))
    }
}

impl ToJSON for Time {
    fn to_json(&self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }
}

/// A text with a format; the framework asks for all this of every type of its own.
impl Type for Time {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "string(date-time)".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "date-time")))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl Type for Id {
    const IS_REQUIRED: bool = true;
    type RawValueType = String;
    type RawElementValueType = String;

    fn name() -> Cow<'static, str> {
        "string(uuid)".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "uuid")))
    }

    fn as_raw_value(&self) -> Option<&String> {
        Some(&self.0)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a String> + 'a> {
        Box::new(std::iter::once(&self.0))
    }
}
