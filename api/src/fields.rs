//! `fields=`: showing a part of a resource.

use serde_json::{Map, Value};
use service::error::FieldError;
use std::collections::BTreeMap;

/// The most fields that may be named.
const MAX_FIELDS: usize = 100;

/// A tree of fields. An empty tree below a field stands for all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection(BTreeMap<String, Selection>);

/// Everything that `fields` may name.
#[derive(Debug)]
pub struct Fields {
    /// Of resources of either kind.
    pub resources: KnownFields,
    /// Of reports.
    pub reports: KnownFields,
}

/// Everything that `fields` may name of one kind of objects.
#[derive(Debug)]
pub struct KnownFields {
    /// All of it.
    pub all: Selection,
    /// The field that identifies an object, which is always shown.
    pub key: &'static str,
}

impl KnownFields {
    /// Reads a comma list of paths, each of which must be known.
    pub fn narrow(&self, text: &str) -> Result<Selection, FieldError> {
        let mut paths: Vec<&str> = text.split(',').map(str::trim).filter(|path| !path.is_empty()).collect();
        let fault = |message| Err(FieldError::new("fields", message).constraint("enum"));
        if paths.is_empty() {
            return fault("at least one field must be named".into());
        }
        if paths.len() > MAX_FIELDS {
            return fault(format!("at most {MAX_FIELDS} fields may be named"));
        }
        if let Some(unknown) = paths.iter().find(|path| !self.all.knows(path.split('.'))) {
            let unknown: String = unknown.chars().take(80).collect();
            let known: Vec<&str> = self.all.0.keys().map(String::as_str).collect();
            return fault(format!("unknown field '{unknown}'; use one of: {}", known.join(", ")));
        }
        paths.push(self.key);
        Ok(Selection::of(&paths))
    }
}

impl Selection {
    /// The selection that these paths make. A path that ends in `.*` is open: anything may be named below.
    pub fn of(paths: &[&str]) -> Self {
        let mut selection = Self::default();
        for path in paths {
            selection.add(path.split('.'));
        }
        selection
    }

    /// The selection of everything that objects with this schema may hold. `schemas` are those it may refer to.
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

    /// What is selected of `value`. In a list, of each of its items.
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
        let narrow = |text: &str| known.narrow(text);
        let value = json!({"id": 1, "name": "a", "spec": {"x": {"y": 1, "z": 2}},
            "status": {"phase": "Ready", "conditions": [{"type": "A", "status": "True"}]}});
        let shown = |text: &str| narrow(text).expect("known").of_value(value.clone());
        assert_eq!(shown("name"), json!({"id": 1, "name": "a"}));
        assert_eq!(shown("spec.x.y"), json!({"id": 1, "spec": {"x": {"y": 1}}}));
        assert_eq!(
            shown("status.conditions.type"),
            json!({"id": 1, "status": {"conditions": [{"type": "A"}]}})
        );
        assert!(narrow(",").is_err() && narrow(" , ").is_err());
        assert!(
            narrow("nope").is_err() && narrow("status.nope").is_err() && narrow("spec.any.thing").is_ok()
        );
    }
}
