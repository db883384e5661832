//! The parameter `fields`, which selects a part of a resource.

use serde_json::{Map, Value};
use service::error::{FieldError, shortened};
use std::collections::BTreeMap;

/// The maximum number of fields in one request.
const MAX_FIELDS: usize = 100;

/// A tree of fields. An empty subtree selects the whole field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection(BTreeMap<String, Selection>);

/// The fields that the parameter `fields` may name.
#[derive(Debug)]
pub struct Fields {
    /// The fields of clusters and node pools.
    pub resources: KnownFields,
    /// The fields of reports.
    pub reports: KnownFields,
}

/// The fields of one type of object that `fields` may name.
#[derive(Debug)]
pub struct KnownFields {
    /// All fields.
    pub all: Selection,
    /// The field that identifies an object. It is always included.
    pub key: &'static str,
}

impl KnownFields {
    /// Parses a comma-separated list of paths, each of which must be known.
    pub fn select(&self, text: &str) -> Result<Selection, FieldError> {
        let mut paths: Vec<&str> = text.split(',').map(str::trim).filter(|path| !path.is_empty()).collect();
        let fault = |message| Err(FieldError::new("fields", message).constraint("enum"));
        if paths.is_empty() {
            return fault("at least one field must be named".into());
        }
        if paths.len() > MAX_FIELDS {
            return fault(format!("at most {MAX_FIELDS} fields may be named"));
        }
        if let Some(unknown) = paths.iter().find(|path| !self.all.knows(path.split('.'))) {
            let unknown = shortened(unknown);
            let known: Vec<&str> = self.all.0.keys().map(String::as_str).collect();
            return fault(format!("unknown field '{unknown}'; use one of: {}", known.join(", ")));
        }
        paths.push(self.key);
        Ok(Selection::of(&paths))
    }
}

impl Selection {
    /// Builds the selection of these paths. A path that ends in `.*` is open: any field below it may be named.
    pub fn of(paths: &[&str]) -> Self {
        let mut selection = Self::default();
        for path in paths {
            selection.add(path.split('.'));
        }
        selection
    }

    /// Builds the selection of all fields that objects with this schema may have. `schemas` contains the schemas it
    /// may refer to.
    pub fn of_schema(schema: &Value, schemas: &Value) -> Self {
        let reference = schema["$ref"].as_str().or(schema["allOf"][0]["$ref"].as_str());
        if let Some(name) = reference.and_then(|reference| reference.rsplit('/').next()) {
            return Self::of_schema(&schemas[name], schemas);
        }
        if let Some(items) = schema.get("items") {
            return Self::of_schema(items, schemas);
        }
        let properties = schema["properties"].as_object().into_iter().flatten();
        let known = properties.map(|(name, schema)| (name.clone(), Self::of_schema(schema, schemas)));
        let open = schema.get("additionalProperties").map(|_| ("*".to_owned(), Self::default()));
        Self(known.chain(open).collect())
    }

    fn add<'a>(&mut self, mut path: impl Iterator<Item = &'a str>) {
        if let Some(first) = path.next() {
            self.0.entry(first.to_owned()).or_default().add(path);
        }
    }

    fn knows<'a>(&self, mut path: impl Iterator<Item = &'a str>) -> bool {
        match path.next() {
            None => true,
            Some(_) if self.0.contains_key("*") => true,
            Some(first) => self.0.get(first).is_some_and(|below| below.knows(path)),
        }
    }

    /// Returns the selected part of `value`. In a list, the selection applies to each item.
    pub fn of_value(&self, value: Value) -> Value {
        match value {
            Value::Object(map) => Value::Object(self.of_object(map)),
            Value::Array(items) => items.into_iter().map(|item| self.of_value(item)).collect(),
            other => other,
        }
    }

    fn of_object(&self, map: Map<String, Value>) -> Map<String, Value> {
        let selected = map.into_iter().filter_map(|(key, value)| match self.0.get(&key)? {
            below if below.0.is_empty() => Some((key, value)),
            below => Some((key, below.of_value(value))),
        });
        selected.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_selection_keeps_what_it_names() {
        let all = Selection::of(&["id", "name", "spec.*", "status.phase", "status.conditions.type"]);
        let known = KnownFields { all, key: "id" };
        let select = |text: &str| known.select(text);
        let value = json!({"id": 1, "name": "a", "spec": {"x": {"y": 1, "z": 2}},
            "status": {"phase": "Ready", "conditions": [{"type": "A", "status": "True"}]}});
        let shown = |text: &str| select(text).expect("known").of_value(value.clone());
        assert_eq!(shown("name"), json!({"id": 1, "name": "a"}));
        assert_eq!(shown("spec.x.y"), json!({"id": 1, "spec": {"x": {"y": 1}}}));
        assert_eq!(
            shown("status.conditions.type"),
            json!({"id": 1, "status": {"conditions": [{"type": "A"}]}})
        );
        assert!(select(",").is_err() && select(" , ").is_err());
        assert!(
            select("nope").is_err() && select("status.nope").is_err() && select("spec.any.thing").is_ok()
        );
    }
}
