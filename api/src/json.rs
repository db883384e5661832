//! Reading JSON strictly, and saying of a body everything that is wrong with it at once.

use crate::problem::ApiError;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use service::FieldError;
use std::fmt;

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// Reads a document. Refuses what JSON parsers disagree about, or a database could not keep: repeated
/// keys, NUL characters, numbers beyond a double, nesting beyond 64 levels, anything after the document.
pub fn parse(bytes: &[u8]) -> Result<Value, ApiError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ApiError::malformed("Request body is required but was empty"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }.deserialize(&mut reader);
    let value = value.and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| ApiError::malformed(format!("Invalid JSON in request body: {error}")))
}

struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(&self) -> Result<Self, E> {
        match self.depth {
            MAX_DEPTH => Err(E::custom(format_args!("nesting is deeper than {MAX_DEPTH} levels"))),
            depth => Ok(Self { depth: depth + 1 }),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        match value.contains('\0') {
            true => Err(E::custom("a text contains the character NUL")),
            false => Ok(value.into()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.deeper()?)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key.contains('\0') {
                return Err(A::Error::custom("a key contains the character NUL"));
            }
            if map.contains_key(&key) {
                let key: String = key.chars().take(80).collect();
                return Err(A::Error::custom(format_args!("the key {key:?} is there twice")));
            }
            let value = entries.next_value_seed(self.deeper()?)?;
            map.insert(key, value);
        }
        Ok(map.into())
    }
}

/// The fields of an object being read, and the faults found so far.
#[derive(Debug)]
pub struct Fields {
    map: Map<String, Value>,
    prefix: String,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Starts to read `value`, which must be an object.
    pub fn of(value: Value) -> Result<Self, ApiError> {
        match value {
            Value::Object(map) => Ok(Self { map, prefix: String::new(), errors: Vec::new() }),
            other => Err(ApiError::malformed(format!(
                "The request body must be an object, found {}",
                kind_of(&other)
            ))),
        }
    }

    /// Starts to read an object inside another; faults are found below `prefix`, like `conditions[0].`.
    pub fn nested(map: Map<String, Value>, prefix: String) -> Self {
        Self { map, prefix, errors: Vec::new() }
    }

    /// Ends reading: the value if no fault was found.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, ApiError> {
        match (value, self.errors) {
            (Some(value), errors) if errors.is_empty() => Ok(value),
            (_, errors) => Err(invalid(errors)),
        }
    }

    /// Ends reading inside another object.
    pub fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    /// Adds faults.
    pub fn extend(&mut self, errors: impl IntoIterator<Item = FieldError>) {
        self.errors.extend(errors);
    }

    /// Adds one fault of a field of this object.
    pub fn fault(&mut self, field: &str, message: impl Into<String>, constraint: &'static str) {
        let field = format!("{}{field}", self.prefix);
        self.errors.push(FieldError::new(field, message).constraint(constraint));
    }

    /// Keeps a result's value; keeps its fault too.
    pub fn keep<T>(&mut self, result: Result<T, FieldError>) -> Option<T> {
        result.map_err(|error| self.errors.push(error)).ok()
    }

    /// The names of the fields that nobody has taken.
    pub fn rest(&self) -> Vec<String> {
        self.map.keys().cloned().collect()
    }

    /// A field that may be absent; null counts as absent.
    pub fn optional(&mut self, field: &str) -> Option<Value> {
        self.map.remove(field).filter(|value| !value.is_null())
    }

    /// A text that may be absent.
    pub fn optional_text(&mut self, field: &str) -> Option<String> {
        match self.optional(field)? {
            Value::String(text) => Some(text),
            other => self.wrong_type(field, "a string", &other),
        }
    }

    /// A text.
    pub fn text(&mut self, field: &str) -> Option<String> {
        self.required(field)?;
        self.optional_text(field)
    }

    /// A whole number that may be absent.
    pub fn optional_integer(&mut self, field: &str) -> Option<i64> {
        let value = self.optional(field)?;
        // A number without a fraction is whole however it is written, as 1.0 is.
        let whole = value.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e15).map(|f| f as i64);
        match value.as_i64().or(whole) {
            Some(number) => Some(number),
            None => self.wrong_type(field, "an integer", &value),
        }
    }

    /// A whole number.
    pub fn integer(&mut self, field: &str) -> Option<i64> {
        self.required(field)?;
        self.optional_integer(field)
    }

    /// An object that may be absent.
    pub fn optional_object(&mut self, field: &str) -> Option<Map<String, Value>> {
        match self.optional(field)? {
            Value::Object(map) => Some(map),
            other => self.wrong_type(field, "an object", &other),
        }
    }

    /// An object.
    pub fn object(&mut self, field: &str) -> Option<Map<String, Value>> {
        if self.map.get(field).is_some_and(Value::is_null) {
            return self.wrong_type(field, "an object", &Value::Null);
        }
        self.required(field)?;
        self.optional_object(field)
    }

    /// A list.
    pub fn list(&mut self, field: &str) -> Option<Vec<Value>> {
        self.required(field)?;
        match self.optional(field)? {
            Value::Array(list) => Some(list),
            other => self.wrong_type(field, "an array", &other),
        }
    }

    /// Records a value of the wrong type.
    pub fn wrong_type<T>(&mut self, field: &str, expected: &str, found: &Value) -> Option<T> {
        self.fault(field, format!("{field} must be {expected}, found {}", kind_of(found)), "type");
        None
    }

    fn required(&mut self, field: &str) -> Option<()> {
        if self.map.get(field).is_none_or(Value::is_null) {
            self.fault(field, format!("{field} is required"), "required");
            return None;
        }
        Some(())
    }
}

/// Faults of a body, summed up.
pub fn invalid(errors: Vec<FieldError>) -> ApiError {
    let detail = match errors.as_slice() {
        [one] => one.message.clone(),
        many => format!("{} fields are invalid", many.len()),
    };
    ApiError::invalid(detail, errors)
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_that_parsers_disagree_about_are_refused() {
        let deep = |levels: usize| [vec!["["; levels].concat(), vec!["]"; levels].concat()].concat();
        assert!(parse(deep(64).as_bytes()).is_ok());
        let too_deep = deep(65);
        for text in [
            "",
            "  ",
            "{",
            "{}x",
            "{} {}",
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#""\u0000""#,
            r#"{"\u0000":1}"#,
            r#""\ud800""#,
            "1e400",
            "-1e400",
            "NaN",
            &too_deep,
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(b"\"\xff\"").is_err());
    }

    #[test]
    fn integers_of_64_bits_are_kept_exactly() {
        let text = r#"[9223372036854775807,-9223372036854775808,18446744073709551615]"#;
        let value = parse(text.as_bytes()).expect("a document");
        assert_eq!(value.to_string(), text);
    }
}
