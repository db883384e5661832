//! Strict JSON parsing.

use crate::problem::ApiError;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use service::error::shortened;
use std::fmt;

/// The maximum nesting depth.
const MAX_DEPTH: usize = 64;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Parses a document. Refuses everything that JSON parsers treat differently or that a database cannot store:
/// duplicate keys, NUL characters, numbers out of the range of a double, nesting deeper than 64 levels, and content
/// after the document. A leading byte order mark is skipped.
pub fn parse(bytes: &[u8]) -> Result<Value, ApiError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ApiError::malformed("The request body is required but is empty"));
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
        if value.contains('\0') {
            return Err(E::custom("a string contains the character NUL"));
        }
        Ok(value.into())
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
                return Err(A::Error::custom(format_args!("duplicate key {:?}", shortened(&key))));
            }
            let value = entries.next_value_seed(self.deeper()?)?;
            map.insert(key, value);
        }
        Ok(map.into())
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
            "\u{feff}",
            "\u{feff}\u{feff}{}",
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
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(parse("\u{feff} {}".as_bytes()).expect("a document"), serde_json::json!({}));
    }

    #[test]
    fn integers_of_64_bits_are_kept_exactly() {
        let text = r#"[9223372036854775807,-9223372036854775808,18446744073709551615]"#;
        let value = parse(text.as_bytes()).expect("a document");
        assert_eq!(value.to_string(), text);
    }
}
