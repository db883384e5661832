//! The OpenAPI file as one JSON tree.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::error::SpecSchemaError;
use super::violation::shorten;

/// The version of OpenAPI that determines how schemas are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// OpenAPI 3.0, which has its own schema language.
    OpenApi30,
    /// OpenAPI 3.1, whose schemas are JSON Schema draft 2020-12.
    OpenApi31,
}

/// A parsed OpenAPI file.
#[derive(Debug)]
pub struct Document {
    root: Value,
    pub(super) version: Version,
}

impl Document {
    /// Parses YAML, which includes JSON. The parser limits the nesting and rejects duplicate keys.
    ///
    /// # Errors
    /// The text is not valid YAML or JSON, or not an OpenAPI document of a supported version.
    pub fn parse(text: &str) -> Result<Self, SpecSchemaError> {
        let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
        let root = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let problem = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
            SpecSchemaError::new(format!("the OpenAPI file cannot be parsed: {problem}"))
        })?;
        Self::new(root)
    }

    /// Creates a document from a parsed tree, and determines its version.
    ///
    /// # Errors
    /// The tree is not an OpenAPI document of a supported version.
    pub fn new(root: Value) -> Result<Self, SpecSchemaError> {
        let refused = |problem: String| {
            Err(SpecSchemaError::new(format!("not an OpenAPI 3.0 or 3.1 document: {problem}")))
        };
        let version = match (root.get("swagger"), root.get("openapi")) {
            (Some(version), _) => return refused(format!("it says swagger {version}")),
            (None, Some(Value::String(version))) => version.clone(),
            // YAML parses an unquoted 3.1 as a number.
            (None, Some(Value::Number(version))) => version.to_string(),
            _ => return refused("it has no field openapi with a version".to_owned()),
        };
        let version = match version.split('.').collect::<Vec<_>>()[..] {
            ["3", "0", ..] => Version::OpenApi30,
            ["3", "1", ..] => Version::OpenApi31,
            _ => return refused(format!("it says openapi {}", shorten(&version))),
        };
        Ok(Self { root, version })
    }

    /// Returns the value at a JSON pointer.
    pub(super) fn at(&self, pointer: &str) -> Option<&Value> {
        self.root.pointer(pointer)
    }

    /// Returns the target of a `$ref`.
    pub(super) fn refer(&self, reference: &str) -> Option<&Value> {
        self.at(&pointer(reference)?)
    }

    /// Returns the components with these names, and all components that they refer to.
    pub(super) fn components<'n>(&self, names: impl Iterator<Item = &'n str>) -> Map<String, Value> {
        let mut found = Map::new();
        let mut wanted: Vec<String> = names.map(str::to_owned).collect();
        while let Some(name) = wanted.pop() {
            let schema = self.at("/components/schemas").and_then(|schemas| schemas.get(&name));
            if let (Some(schema), false) = (schema, found.contains_key(&name)) {
                references(schema, &mut wanted);
                found.insert(name, schema.clone());
            }
        }
        found
    }
}

/// Adds the names of the components that a schema refers to.
fn references(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        Value::Object(entries) => {
            let target = entries.get("$ref").and_then(Value::as_str).and_then(pointer);
            let component = target.as_deref().and_then(|target| target.strip_prefix("/components/schemas/"));
            let name = component.and_then(|rest| rest.split('/').next());
            names.extend(name.map(|name| name.replace("~1", "/").replace("~0", "~")));
            entries.values().for_each(|entry| references(entry, names));
        }
        _ => {}
    }
}

/// Returns the JSON pointer of a reference into the same file, where it is percent-encoded (RFC 6901, section 6).
pub(super) fn pointer(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#').filter(|fragment| fragment.starts_with('/'))?;
    percent_decode_str(fragment).decode_utf8().ok().map(Into::into)
}
