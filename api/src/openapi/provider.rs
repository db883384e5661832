//! The operator's schemas for `spec` in the served document. Readers see the fields of `spec`, and generated clients
//! contain types for them.

use super::sample;
use crate::dto::walk;
use serde_json::{Map, Value, json};
use service::spec_schema::{CLUSTER_SPEC, NODE_POOL_SPEC, SpecSchemas};

/// The path of schemas in the document.
const SCHEMAS: &str = "#/components/schemas/";
/// All schema keywords of OpenAPI 3.0, the version of the document. An operator's file may use 3.1.
const KEYWORDS: &str = "additionalProperties allOf anyOf default deprecated description discriminator enum example \
                        exclusiveMaximum exclusiveMinimum externalDocs format items maxItems maxLength maxProperties \
                        maximum minItems minLength minProperties minimum multipleOf not nullable oneOf pattern \
                        properties readOnly required title type uniqueItems writeOnly xml";

/// Uses the operator's schemas wherever a complete `spec` occurs.
pub(super) fn show(document: &mut Value, schemas: &SpecSchemas) {
    let components = schemas.components();
    // A reference to another part of the file cannot be resolved in the served document.
    if components.values().any(has_external_reference) {
        return;
    }
    let Some(ours) = document["components"]["schemas"].as_object_mut() else { return };
    let taken: Vec<&String> = components.keys().filter(|name| ours.contains_key(*name)).collect();
    for (name, schema) in components {
        let mut schema = downgraded(schema);
        walk(&mut schema, &mut |value| rename(value, &taken));
        ours.insert(renamed(name, &taken), schema);
    }
    for (kind, component) in [("Cluster", CLUSTER_SPEC), ("NodePool", NODE_POOL_SPEC)] {
        if !components.contains_key(component) {
            continue;
        }
        for schema in [kind.to_owned(), format!("{kind}CreateRequest"), format!("{kind}PatchRequest")] {
            let spec = &mut document["components"]["schemas"][schema]["properties"]["spec"];
            let reference = format!("{SCHEMAS}{}", renamed(component, &[]));
            *spec = json!({ "allOf": [{ "$ref": reference }], "description": spec["description"] });
        }
        let spec = sample::of(&components[component], components);
        let spec = spec.filter(|spec| schemas.check(component, spec).is_ok());
        replace_examples(document, kind, spec.as_ref());
    }
}

/// Returns the name of a component in the document. It gets a prefix if the document already has a component of that
/// name.
fn renamed(name: &str, taken: &[&String]) -> String {
    if taken.iter().any(|taken| *taken == name) { format!("Provider{name}") } else { name.to_owned() }
}

/// Whether a schema refers to anything but a component.
fn has_external_reference(schema: &Value) -> bool {
    match schema {
        Value::Array(items) => items.iter().any(has_external_reference),
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            reference.is_some_and(|reference| !reference.starts_with(SCHEMAS))
                || members.values().any(has_external_reference)
        }
        _ => false,
    }
}

/// Updates a reference to a renamed component.
fn rename(reference: &mut Value, taken: &[&String]) {
    let Some(path) = reference.as_str().and_then(|text| text.strip_prefix(SCHEMAS)) else { return };
    let (name, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    *reference = format!("{SCHEMAS}{}{rest}", renamed(name, taken)).into();
}

/// Returns a schema without the parts that OpenAPI 3.0 does not support.
fn downgraded(schema: &Value) -> Value {
    let members = match schema {
        Value::Object(members) => members,
        Value::Bool(false) => return json!({ "not": {} }),
        _ => return json!({}),
    };
    if let Some(reference) = members.get("$ref") {
        return json!({ "$ref": reference });
    }
    let mut result = Map::new();
    for (keyword, value) in members {
        match (keyword.as_str(), value) {
            ("type", Value::Array(types)) => types_of(types, &mut result),
            ("const", value) => {
                result.insert("enum".into(), json!([value]));
            }
            ("examples", Value::Array(values)) => {
                if let Some(value) = values.first() {
                    result.insert("example".into(), value.clone());
                }
            }
            ("exclusiveMinimum", Value::Number(_)) => exclusive("minimum", keyword, value, &mut result),
            ("exclusiveMaximum", Value::Number(_)) => exclusive("maximum", keyword, value, &mut result),
            ("additionalProperties", Value::Bool(_)) => {
                result.insert(keyword.clone(), value.clone());
            }
            ("items" | "not" | "additionalProperties", value) => {
                result.insert(keyword.clone(), downgraded(value));
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                result.insert(keyword.clone(), schemas.iter().map(downgraded).collect());
            }
            ("properties", Value::Object(named)) => {
                let named = named.iter().map(|(name, schema)| (name.clone(), downgraded(schema)));
                result.insert(keyword.clone(), Value::Object(named.collect()));
            }
            (name, value) if name.starts_with("x-") || KEYWORDS.split(' ').any(|known| known == name) => {
                result.insert(keyword.clone(), value.clone());
            }
            _ => {}
        }
    }
    // Without a type, `nullable` has no meaning.
    if !result.contains_key("type") {
        result.remove("nullable");
    }
    result.into()
}

/// Converts a list of types. Null becomes `nullable`; a single other type becomes `type`, and several others are
/// omitted.
fn types_of(types: &[Value], schema: &mut Map<String, Value>) {
    let others: Vec<&Value> = types.iter().filter(|name| *name != "null").collect();
    if others.len() < types.len() {
        schema.insert("nullable".into(), true.into());
    }
    if let [one] = others[..] {
        schema.insert("type".into(), one.clone());
    }
}

/// Converts an exclusive bound to the form of OpenAPI 3.0.
fn exclusive(bound: &str, keyword: &str, value: &Value, schema: &mut Map<String, Value>) {
    schema.insert(bound.into(), value.clone());
    schema.insert(keyword.into(), true.into());
}

/// Replaces the `spec` in the examples of a kind. Without a new `spec` the examples are removed, because they would
/// be refused.
fn replace_examples(document: &mut Value, kind: &str, spec: Option<&Value>) {
    let Some(examples) = document["components"]["examples"].as_object_mut() else { return };
    let mut gone = Vec::new();
    for (name, example) in examples.iter_mut() {
        let resources = resources(name, &mut example["value"], kind);
        match spec {
            Some(spec) => {
                for resource in resources {
                    resource["spec"] = spec.clone();
                }
            }
            None if resources.is_empty() => {}
            None => gone.push(format!("#/components/examples/{name}")),
        }
    }
    examples.retain(|name, _| !gone.iter().any(|reference| reference.ends_with(&format!("/{name}"))));
    walk(&mut document["paths"], &mut |value| remove_references(value, &gone));
}

/// Returns the resources of a kind in an example: its items, the objects of its changes, or the example itself.
fn resources<'a>(name: &str, example: &'a mut Value, kind: &str) -> Vec<&'a mut Value> {
    let is_named = name.starts_with(kind);
    if !example["items"].is_array() {
        return if is_named { vec![example] } else { Vec::new() };
    }
    let items = example["items"].as_array_mut().into_iter().flatten();
    if is_named {
        return items.collect();
    }
    let objects = items.filter_map(|item| item.get_mut("object"));
    objects.filter(|object| object["kind"] == kind && object.get("spec").is_some()).collect()
}

/// Removes the examples of a body if one of them was removed from the document.
fn remove_references(body: &mut Value, gone: &[String]) {
    let Some(members) = body.as_object_mut() else { return };
    let names = |example: &Value| gone.iter().any(|reference| example["$ref"] == reference.as_str());
    let examples = members.get("examples").and_then(Value::as_object);
    if examples.is_some_and(|examples| examples.values().any(names)) {
        members.remove("examples");
    }
}
