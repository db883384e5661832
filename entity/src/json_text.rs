use sea_orm::DeriveValueType;
use serde::de::DeserializeOwned;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON document stored as text, in a text column on both engines.
///
/// Most documents are stored only to be returned. Their bytes pass through unchanged: parsing each into a tree and
/// serializing it again was three quarters of the cost of a list. A native JSON type would serialize the document
/// on every read (`jsonb`) or reject a bound text (`json`), so the column is plain text, and the few queries that
/// read inside a document cast it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveValueType)]
pub struct JsonText(pub String);

impl JsonText {
    /// Serializes `value`. Values of this system have text keys, so serialization cannot fail.
    pub fn of<T: Serialize>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self)
    }

    /// Parses the document as `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// Returns the text of the document.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The struct name by which serde_json recognizes a text to write verbatim. serde_json's [`RawValue`] uses it, but
/// would first validate the text again: on a list of a hundred items, that was half of the time.
const VERBATIM: &str = "$serde_json::private::RawValue";

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut verbatim = serializer.serialize_struct(VERBATIM, 1)?;
        verbatim.serialize_field(VERBATIM, &self.0)?;
        verbatim.end()
    }
}

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(Box::<str>::from(raw).into_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::JsonText;

    #[test]
    fn a_document_is_printed_as_it_is_stored() {
        let stored = JsonText(r#"{"b":1.50,  "a":[18446744073709551615]}"#.into());
        let printed = serde_json::to_string(&[&stored]).expect("a text");
        assert_eq!(printed, format!("[{}]", stored.as_str()));
        let tree = serde_json::to_value(&stored).expect("a tree");
        assert_eq!(tree["b"], 1.5);
        assert_eq!(serde_json::from_str::<[JsonText; 1]>(&printed).expect("the same")[0], stored);
    }
}
