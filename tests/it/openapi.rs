//! The served OpenAPI document, and the conformance of requests and responses to it.

mod answers;
mod examples;
mod provider;
mod requests;
mod schemas;

use api::openapi::Document;
use schemas::resolved;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Returns the method, path and description of each operation.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let all = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("operations").iter();
        methods.map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
    });
    all.collect()
}

/// Calls `look` with every object in `value`.
fn each_object(value: &Value, look: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| each_object(item, look)),
        Value::Object(members) => {
            look(members);
            members.values().for_each(|member| each_object(member, look));
        }
        _ => {}
    }
}

#[test]
fn refusals_are_described_with_their_headers() {
    let expected = [("401", "WWW-Authenticate"), ("default", "Retry-After")];
    let mut seen = 0;
    let served = Document::new(true);
    for (method, path, operation) in operations(served.value()) {
        for (status, header) in expected {
            let response = resolved(served.value(), &operation["responses"][status]);
            if !response.is_null() {
                assert!(response["headers"][header].is_object(), "{method} {path} {status}");
                seen += 1;
            }
        }
        let asks_for_a_token = operation["security"] != json!([]);
        assert_eq!(operation["responses"]["401"].is_object(), asks_for_a_token, "{method} {path}");
        assert!(operation["responses"]["default"].is_object(), "{method} {path}");
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn an_operation_lists_only_its_own_refusals() {
    let served = Document::new(true);
    for (method, path, operation) in operations(served.value()) {
        let responses = operation["responses"].as_object().expect("responses");
        let refusals = responses.keys().filter(|status| !matches!(&status[..1], "2" | "3"));
        assert!(refusals.count() <= 7, "{method} {path}");
    }
}

#[test]
fn what_every_operation_can_be_refused_with_is_described_once() {
    let served = Document::new(true);
    let described = served.value()["components"]["responses"].as_object().expect("responses");
    let mut used = BTreeSet::new();
    for (method, path, operation) in operations(served.value()) {
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let reference = response["$ref"].as_str();
            let refusal = status.as_str() >= "400";
            assert_eq!(reference.is_some(), refusal, "{method} {path} {status}");
            used.extend(reference.map(|reference| reference.trim_start_matches("#/components/responses/")));
        }
    }
    assert_eq!(used, described.keys().map(String::as_str).collect());
}

#[test]
fn each_operation_has_one_tag() {
    let served = Document::new(true);
    let known = served.value()["tags"].as_array().expect("tags");
    for (method, path, operation) in operations(served.value()) {
        let tags = operation["tags"].as_array().expect("tags");
        assert_eq!(tags.len(), 1, "{method} {path}");
        assert!(known.iter().any(|tag| tag["name"] == tags[0]), "{method} {path}");
        assert_eq!(tags[0] == "Statuses", path.ends_with("/statuses"), "{method} {path}");
    }
}

#[test]
fn tags_come_in_the_order_in_which_one_learns_them() {
    let served = Document::new(true);
    let tags = served.value()["tags"].as_array().expect("tags");
    let names: Vec<_> = tags.iter().map(|tag| tag["name"].as_str().expect("a name")).collect();
    assert_eq!(names, api::routes::TAGS);
    assert!(tags.iter().all(|tag| tag["description"].as_str().is_some_and(|text| text.len() > 20)));
}

#[test]
fn the_description_explains_what_no_single_operation_can() {
    let served = Document::new(true);
    let description = served.value()["info"]["description"].as_str().expect("a description");
    let sections: Vec<_> = description.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(sections, ["Status", "Search", "Paging", "Concurrency", "Errors"]);
}

#[test]
fn a_description_stands_beside_a_reference_and_not_in_a_schema_of_its_own() {
    let mut seen = 0;
    each_object(Document::new(true).value(), &mut |object| {
        if let Some(parts) = object.get("allOf") {
            let parts = parts.as_array().expect("a list");
            assert!(parts.len() == 1 && parts[0].get("$ref").is_some(), "{object:?}");
            assert!(object.contains_key("description"), "{object:?}");
            seen += 1;
        }
    });
    assert!(seen >= 10, "{seen}");
}

#[test]
fn who_may_call_is_said_of_every_operation_where_tokens_are_demanded() {
    let served = Document::new(true);
    let public = ["/api/hyperfleet", "/api/hyperfleet/v1"];
    for (method, path, operation) in operations(served.value()) {
        let expected = if public.contains(&path) { json!([]) } else { json!([{ "BearerAuth": [] }]) };
        assert_eq!(operation["security"], expected, "{method} {path}");
        assert!(operation["responses"]["403"].is_null(), "{method} {path}");
    }
}

#[test]
fn nothing_is_said_of_tokens_where_none_are_demanded() {
    let served = Document::new(false);
    assert!(served.value()["components"].get("securitySchemes").is_none());
    assert_eq!(served.value()["security"], json!([]));
    for (method, path, operation) in operations(served.value()) {
        assert!(operation.get("security").is_none(), "{method} {path}");
        assert!(operation["responses"]["401"].is_null(), "{method} {path}");
        assert!(operation["responses"]["403"].is_object(), "{method} {path}");
    }
}

#[test]
fn ids_have_one_format_and_parameters_are_not_empty() {
    let served = Document::new(true);
    for (method, path, operation) in operations(served.value()) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let is_id =
                parameter["in"] == "path" || parameter["name"] == "id" || parameter["name"] == "owner_id";
            assert_eq!(parameter["schema"]["format"] == "uuid", is_id, "{method} {path}");
            assert!(parameter.get("allowEmptyValue").is_none(), "{method} {path}");
        }
    }
    for name in ["Cluster", "NodePool", "OwnerReference"] {
        let id = &served.value()["components"]["schemas"][name]["properties"]["id"];
        assert_eq!((&id["type"], &id["format"]), (&json!("string"), &json!("uuid")), "{name}");
    }
}

#[test]
fn nothing_is_said_to_be_null() {
    fn look(value: &Value, path: &str) {
        assert!(!value.is_null() || path.contains("/enum/") || path.contains("/example"), "{path}");
        let items = value.as_array().into_iter().flatten().enumerate();
        items.for_each(|(index, item)| look(item, &format!("{path}/{index}")));
        let members = value.as_object().into_iter().flatten();
        members.for_each(|(name, member)| look(member, &format!("{path}/{name}")));
    }
    look(Document::new(true).value(), "");
    look(Document::new(false).value(), "");
}

/// Code generators turn a choice of schemas into types. Without a discriminator they omit the choice or fail.
#[test]
fn a_choice_of_schemas_names_the_field_that_decides() {
    let document = Document::new(true);
    let mut seen = 0;
    each_object(document.value(), &mut |schema| {
        assert!(!schema.contains_key("anyOf"), "{schema:?}");
        let Some(choices) = schema.get("oneOf").and_then(Value::as_array) else { return };
        let decides = schema["discriminator"]["propertyName"].as_str().expect("a field");
        for choice in choices {
            let kind = resolved(
                document.value(),
                &resolved(document.value(), choice)["properties"][decides]["allOf"][0],
            );
            let value = kind["enum"][0].as_str().expect("a value");
            assert_eq!(schema["discriminator"]["mapping"][value], choice["$ref"]);
        }
        seen += 1;
    });
    assert_eq!(seen, 1);
}

#[test]
fn what_can_only_be_refused_is_not_offered() {
    let served = Document::new(true);
    let path = &served.value()["paths"]["/api/hyperfleet/v1/nodepools"];
    assert!(path["get"].is_object() && path.get("post").is_none());
    let mut operations = api::operations::all();
    assert!(
        operations.any(|operation| operation.id == "postNodePool"),
        "its method is still one of the path"
    );
}

#[test]
fn headers_are_spelled_as_everywhere_else() {
    let served = Document::new(true);
    let cluster = &served.value()["paths"]["/api/hyperfleet/v1/clusters"]["post"]["responses"]["201"];
    let headers: Vec<_> = cluster["headers"].as_object().expect("headers").keys().collect();
    assert_eq!(headers, ["ETag", "Location"]);
    each_object(served.value(), &mut |object| {
        let headers = object.get("headers").and_then(Value::as_object).into_iter().flatten();
        for (name, _) in headers {
            assert!(name.bytes().any(|byte| byte.is_ascii_lowercase()), "{name}");
        }
    });
}

#[test]
fn the_checked_in_document_is_the_one_of_a_server_that_demands_tokens() {
    let checked_in = include_str!("../../api/openapi.json");
    let command = "cargo run -- openapi > api/openapi.json";
    assert!(checked_in == Document::new(true).json(), "api/openapi.json is not current: run `{command}`");
}
