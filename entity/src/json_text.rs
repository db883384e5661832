use sea_orm::DeriveValueType;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser::Error};
use serde_json::value::RawValue;

/// A JSON document kept as its text, in a text column on both engines.
///
/// Most documents are stored to be handed out again. Their bytes go through untouched: parsing each into
/// a tree and printing it again was three quarters of the cost of a list. A native JSON type would print
/// the document anew on every read (`jsonb`) or refuse a bound text (`json`), so the column is plain text
/// and the few queries that look inside cast it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveValueType)]
pub struct JsonText(pub String);

impl JsonText {
    /// Prints `value`. Values of this system have text keys, so printing cannot fail.
    pub fn of<T: Serialize>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self)
    }

    /// Reads the document as `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// The document's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(Box::<str>::from(raw).into_string()))
    }
}
