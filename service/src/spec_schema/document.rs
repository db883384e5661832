//! The OpenAPI file as one tree.

use serde_json::Value;

use super::error::SpecSchemaError;
use super::violation::shorten;

/// Rules by which the file's schemas are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// OpenAPI 3.0, which has a schema language of its own.
    OpenApi30,
    /// OpenAPI 3.1, whose schemas are JSON Schema draft 2020-12.
    OpenApi31,
}

/// A parsed OpenAPI file.
#[derive(Debug)]
pub(super) struct Document {
    root: Value,
    pub(super) dialect: Dialect,
}

impl Document {
    /// Parses YAML or JSON and finds out the version.
    pub(super) fn parse(text: &str) -> Result<Self, SpecSchemaError> {
        let root = tree(text)?;
        if let Some(version) = root.get("swagger") {
            return Err(SpecSchemaError::NotOpenApi(format!("it says swagger {version}")));
        }
        // YAML reads an unquoted 3.1 as a number.
        let version = match root.get("openapi") {
            Some(Value::String(version)) => version.clone(),
            Some(Value::Number(version)) => version.to_string(),
            _ => {
                return Err(SpecSchemaError::NotOpenApi("it has no field openapi with a version".to_owned()));
            }
        };
        let is = |minor: &str| version == minor || version.starts_with(&format!("{minor}."));
        let dialect = match () {
            () if is("3.0") => Dialect::OpenApi30,
            () if is("3.1") => Dialect::OpenApi31,
            () => {
                return Err(SpecSchemaError::NotOpenApi(format!("it says openapi {}", shorten(&version))));
            }
        };
        Ok(Self { root, dialect })
    }

    /// What is found at a JSON pointer.
    pub(super) fn at(&self, pointer: &str) -> Option<&Value> {
        self.root.pointer(pointer)
    }
}

/// Parses JSON, and everything that is not JSON as YAML. Both parsers bound the nesting.
fn tree(text: &str) -> Result<Value, SpecSchemaError> {
    if text.trim_start().starts_with('{')
        && let Ok(value) = serde_json::from_str(text)
    {
        return Ok(value);
    }
    let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        SpecSchemaError::Syntax(error.render_with_formatter(&serde_saphyr::UserMessageFormatter))
    })
}
