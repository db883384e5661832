//! Validation of responses against the served document.

use crate::harness::{Answer, TestApp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The statuses that each operation must document itself: they depend on the operation. The default response describes
/// the errors that any request can get.
const OWN: [u16; 6] = [400, 404, 409, 410, 412, 422];

/// The served document, and the operations and statuses seen so far.
pub struct Document {
    document: Value,
    schemas: Value,
    seen: BTreeSet<String>,
}

impl Document {
    /// Returns the document of a server.
    pub async fn of(app: &TestApp) -> Self {
        app.get("/openapi").await.status(200).body.clone().into()
    }
}

impl From<Value> for Document {
    fn from(document: Value) -> Self {
        let mut schemas = document["components"]["schemas"].clone();
        translate(&mut schemas);
        Self { document, schemas, seen: BTreeSet::new() }
    }
}

impl Document {
    /// Asserts that the response to `method` on `path` conforms to the document.
    #[track_caller]
    pub fn check(&mut self, method: &str, path: &str, answer: &Answer) {
        let (template, operation) = self.operation(method, path);
        let responses = &operation["responses"];
        let own = responses.get(answer.status.to_string());
        // The default response describes errors only.
        let response = own.unwrap_or_else(|| &responses[if answer.status < 400 { "" } else { "default" }]);
        let response = resolved(&self.document, response);
        let what = format!("{method} {template}: {}", answer.status);
        assert!(own.is_some() || !OWN.contains(&answer.status), "{what} is documented only as the default");
        assert!(response.is_object(), "{what} is not documented: {}", answer.text);
        let id = operation["operationId"].as_str().expect("an operation's id").to_owned();
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            assert!(header["required"] != true || !answer.header(name).is_empty(), "{what} lacks {name}");
        }
        match response["content"].as_object() {
            None => assert_eq!(answer.text, "", "{what}"),
            Some(content) => {
                let media_type = answer.header("content-type").split(';').next().unwrap_or_default();
                let schema = content.get(media_type).unwrap_or_else(|| panic!("{what}: {media_type}"));
                self.validate(&schema["schema"], &answer.body, &what);
            }
        }
        self.seen.insert(format!("{id} {}", answer.status));
    }

    /// Asserts that every operation has returned each of these statuses that it documents.
    #[track_caller]
    pub fn all_seen(&self, statuses: &[&str]) {
        let mut missing = Vec::new();
        for (_, item) in self.document["paths"].as_object().expect("paths") {
            for (_, operation) in item.as_object().expect("operations") {
                let documented = operation["responses"].as_object().expect("responses");
                let id = operation["operationId"].as_str().expect("an operation's id");
                let asked = statuses.iter().filter(|status| documented.contains_key(**status));
                missing.extend(
                    asked.map(|status| format!("{id} {status}")).filter(|seen| !self.seen.contains(seen)),
                );
            }
        }
        assert!(missing.is_empty(), "never answered: {missing:?}");
    }

    fn operation(&self, method: &str, path: &str) -> (String, Value) {
        let path = path.split('?').next().unwrap_or_default();
        let full = if path.starts_with('/') { path.to_owned() } else { format!("/api/hyperfleet/v1/{path}") };
        let paths = self.document["paths"].as_object().expect("paths");
        let mut fitting: Vec<_> = paths.iter().filter(|(template, _)| fits(template, &full)).collect();
        fitting.sort_by_key(|(template, _)| template.matches('{').count());
        let (template, item) = fitting.first().unwrap_or_else(|| panic!("no path for {full}"));
        (template.to_string(), item[method.to_lowercase()].clone())
    }

    /// Asserts that a value conforms to a schema of the document.
    #[track_caller]
    pub fn validate(&self, schema: &Value, body: &Value, what: &str) {
        let mut schema = schema.clone();
        translate(&mut schema);
        schema["components"] = json!({"schemas": self.schemas});
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
        let validator = options.should_validate_formats(true).build(&schema).expect("a schema");
        let faults: Vec<String> =
            validator.iter_errors(body).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{what}: {faults:?}: {body}");
    }
}

/// Returns the target of a reference, or the value itself.
pub fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or(&Value::Null),
        None => value,
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len() && template.iter().zip(path).all(|(t, p)| t.starts_with('{') || *t == p)
}

/// Translates `nullable`, the keyword of OpenAPI 3.0 for values that may be null. Also adds `additionalProperties:
/// false` to every object that lists its properties, so that undocumented fields in a response are found.
fn translate(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(translate),
        Value::Object(members) => {
            members.values_mut().for_each(translate);
            let nullable = members.remove("nullable") == Some(Value::Bool(true));
            if members.get("type") == Some(&json!("object")) && members.contains_key("properties") {
                members.entry("additionalProperties").or_insert(json!(false));
            }
            if nullable {
                let inner = std::mem::take(schema);
                *schema = json!({"anyOf": [inner, {"type": "null"}]});
            }
        }
        _ => {}
    }
}
