//! The examples in the document: every operation has them, they conform to their schemas, and the examples of
//! requests, sent in the order of a resource's lifecycle, produce the examples of responses.

use super::schemas::{Document, resolved};
use super::{each_object, operations};
use crate::harness::{Answer, TestApp};
use crate::statuses::href;
use serde_json::{Value, json};
use std::collections::BTreeSet;

crate::engines![
    the_examples_are_accepted_and_answered_as_they_show,
    the_refusals_are_those_of_the_examples,
    every_parameter_may_be_sent_as_its_example,
];

/// The parameters without an example, because it would change what an operation does. Swagger UI sends every example
/// that it shows.
const WITHOUT: [&str; 9] = [
    "Idempotency-Key",
    "orderBy",
    "Last-Event-ID",
    "cursor",
    "fields",
    "id",
    "owner_id",
    "since",
    "wait_for",
];

fn served() -> Value {
    api::openapi::Document::new(true).value().clone()
}

/// Returns the example of a media type object.
fn example<'a>(document: &'a Value, content: &'a Value) -> &'a Value {
    let named = content["examples"].as_object().and_then(|examples| examples.values().next());
    named.map_or(&content["example"], |example| &resolved(document, example)["value"])
}

#[test]
fn everything_has_an_example_that_fits_its_schema() {
    let document = served();
    let validator = Document::from(document.clone());
    let mut seen = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let responses = operation["responses"].as_object().expect("responses").values();
        let bodies =
            responses.map(|response| resolved(&document, response)).chain(operation.get("requestBody"));
        for body in bodies {
            for (media_type, content) in body["content"].as_object().into_iter().flatten() {
                let shown = example(&document, content);
                let what = format!("{method} {path} {media_type}");
                assert!(!shown.is_null(), "{what} has no example");
                validator.validate(&content["schema"], shown, &what);
            }
            for (name, header) in body["headers"].as_object().into_iter().flatten() {
                validator.validate(&header["schema"], &header["example"], name);
            }
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().expect("a name");
            assert_eq!(parameter.get("example").is_none(), WITHOUT.contains(&name), "{method} {path} {name}");
            if let Some(shown) = parameter.get("example") {
                validator.validate(&parameter["schema"], shown, name);
            }
        }
        each_object(operation, &mut |object| {
            seen.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
        });
    }
    for name in document["components"]["examples"].as_object().expect("examples").keys() {
        assert!(seen.contains(&format!("#/components/examples/{name}")), "{name} is used by nothing");
    }
}

#[test]
fn the_schemas_that_requests_are_checked_by_hold_no_examples() {
    each_object(&served()["components"]["schemas"], &mut |object| {
        assert!(!object.contains_key("example") && !object.contains_key("examples"), "{object:?}");
    });
}

/// Asserts that a response contains the fields of an example. Ids, times and versions may differ.
#[track_caller]
fn told(what: &str, shown: &Value, answered: &Value) {
    match (shown, answered) {
        (Value::Object(shown), Value::Object(answered)) => {
            for (name, shown) in shown {
                let Some(answered) = answered.get(name) else { panic!("{what} lacks {name}") };
                told(&format!("{what}.{name}"), shown, answered);
            }
        }
        (Value::Array(shown), Value::Array(answered)) => {
            assert_eq!(shown.len(), answered.len(), "{what}");
            shown.iter().zip(answered).for_each(|(shown, answered)| told(what, shown, answered));
        }
        // A position depends on the database.
        _ if what.ends_with(".position") => assert!(answered.is_string(), "{what}"),
        (Value::String(shown), Value::String(answered)) => {
            assert_eq!(words(shown), words(answered), "{what}")
        }
        _ => assert_eq!(shown, answered, "{what}"),
    }
}

/// Returns a text with its ids and times replaced.
fn words(text: &str) -> String {
    if chrono::DateTime::parse_from_rfc3339(text).is_ok() {
        return "a time".to_owned();
    }
    let parts = text.split(['/', '\'']).map(|part| if part.len() == 36 { "an id" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// A server, and the examples of its document.
struct Story {
    app: TestApp,
    document: Value,
}

impl Story {
    async fn of(app: TestApp) -> Self {
        Self { document: app.get("/openapi").await.status(200).body.clone(), app }
    }

    /// Sends the example of an operation's request, and asserts that the response matches the example for its status.
    async fn send(&self, method: &str, template: &str, path: &str, status: u16) -> Answer {
        let operation =
            &self.document["paths"][format!("/api/hyperfleet/v1{template}")][method.to_lowercase()];
        let request = self.app.request(method, path);
        let contents = operation["requestBody"]["content"].as_object();
        let request = match contents.and_then(|contents| contents.values().next()) {
            Some(content) => request.json(example(&self.document, content)),
            None => request,
        };
        let answer = Answer::of(request).await;
        answer.status(status);
        if let Some(content) = operation["responses"][status.to_string()]["content"].get("application/json") {
            told(template, example(&self.document, content), &answer.body);
        }
        answer
    }
}

async fn the_examples_are_accepted_and_answered_as_they_show(app: TestApp) {
    let story = Story::of(app).await;
    let (clusters, cluster) = ("/clusters", "/clusters/{cluster_id}");
    let pools = "/clusters/{cluster_id}/nodepools";
    let pool = "/clusters/{cluster_id}/nodepools/{nodepool_id}";
    let below = |template: &str, rest: &str| format!("{template}{rest}");

    let created = story.send("POST", clusters, "clusters", 201).await.body;
    let at = href(&created);
    let made = story.send("POST", pools, &below(at, "/nodepools"), 201).await.body;
    let pool_at = href(&made);
    for (template, at) in [(cluster, at), (pool, pool_at)] {
        story.send("PUT", &below(template, "/statuses"), &below(at, "/statuses"), 201).await;
        story.send("POST", &below(template, "/statuses"), &below(at, "/statuses"), 201).await;
        story.send("GET", &below(template, "/statuses"), &below(at, "/statuses"), 200).await;
        story.send("GET", template, at, 200).await;
    }
    story.send("GET", clusters, "clusters", 200).await;
    story.send("GET", pools, &below(at, "/nodepools"), 200).await;
    story.send("GET", "/nodepools", "nodepools", 200).await;
    story.send("PATCH", cluster, at, 200).await;
    story.send("PATCH", pool, pool_at, 200).await;
    story.send("DELETE", pool, pool_at, 202).await;
    story.send("DELETE", cluster, at, 202).await;
    story.send("POST", &below(pool, "/force-delete"), &below(pool_at, "/force-delete"), 204).await;
    story.send("POST", &below(cluster, "/force-delete"), &below(at, "/force-delete"), 204).await;
    story.send("GET", "/compatibility", "compatibility", 200).await;

    let again = story.send("POST", clusters, "clusters", 201).await.body;
    let content = &story.document["paths"]["/api/hyperfleet/v1/clusters/{cluster_id}"]["patch"]["requestBody"]
        ["content"]["application/merge-patch+json"];
    let patch = example(&story.document, content).to_string();
    let request =
        story.app.request("PATCH", href(&again)).header("content-type", "application/merge-patch+json");
    let merged = Answer::of(request.body(patch)).await;
    assert_eq!(merged.status(200).at("/labels"), &json!({"environment": "staging"}));
}

async fn the_refusals_are_those_of_the_examples(app: TestApp) {
    let story = Story::of(app).await;
    let created = story.send("POST", "/clusters", "clusters", 201).await.body;
    let shown = |name: &str| &story.document["components"]["responses"][name];
    let problem = |name: &str, answer: &Answer| {
        let mut shown = example(&story.document, &shown(name)["content"]["application/problem+json"]).clone();
        shown["trace_id"] = answer.body["trace_id"].clone();
        told(name, &shown, &answer.body);
    };
    let faulty = json!({"name": "Production!", "spec": {}, "labels": {"environment": "-"}});
    problem("BadRequest", &story.app.post("clusters", faulty).await);
    let again = json!({"name": created["name"], "spec": {}});
    problem("Conflict", &story.app.post("clusters", again).await);
    problem("NotFound", &story.app.get("clusters/019cb7d0-5e1a-7c42-9d0e-3f5a8e2c4d60").await);
    let patch = story.app.request("PATCH", href(&created)).header("if-match", "\"7\"");
    let refused = Answer::of(patch.json(&json!({"spec": {}}))).await;
    assert_eq!(
        refused.status(412).at("/code"),
        &shown("PreconditionFailed")["content"]["application/problem+json"]["example"]["code"]
    );
    for (name, status) in [("twice", 201), ("other", 422)] {
        let create = story.app.request("POST", "clusters").header("idempotency-key", "twice");
        let answer = Answer::of(create.json(&json!({"name": name, "spec": {}}))).await;
        answer.status(status);
        if status == 422 {
            problem("UnprocessableEntity", &answer);
        }
    }
    let foreign = story.app.request("GET", "clusters").header("origin", "https://elsewhere.example");
    problem("Gone", &story.app.get("changes?since=00000000-0").await);
    problem("Forbidden", &Answer::of(foreign).await);
}

async fn every_parameter_may_be_sent_as_its_example(app: TestApp) {
    let story = Story::of(app).await;
    let created = story.send("POST", "/clusters", "clusters", 201).await.body;
    let pools = format!("{}/nodepools", href(&created));
    let made = story.send("POST", "/clusters/{cluster_id}/nodepools", &pools, 201).await.body;
    let mut sent = 0;
    for (method, path, operation) in operations(&story.document) {
        if method != "get" {
            continue;
        }
        let id = |value: &Value| value["id"].as_str().expect("an id").to_owned();
        let path = path.replace("{cluster_id}", &id(&created)).replace("{nodepool_id}", &id(&made));
        let mut request = story.app.request("GET", &path);
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().expect("a name");
            let Some(shown) = parameter.get("example") else { continue };
            let shown = shown.as_str().map_or_else(|| shown.to_string(), str::to_owned);
            request = match parameter["in"].as_str() {
                Some("query") => request.query(&[(name, shown)]),
                Some("header") => request.header(name, shown),
                _ => continue,
            };
            sent += 1;
        }
        Answer::of(request).await.status(200);
    }
    for (method, body) in [("PATCH", json!({"spec": {}})), ("DELETE", Value::Null)] {
        let request = story.app.request(method, href(&created)).header("if-match", "*").json(&body);
        assert!(Answer::of(request).await.status < 300, "{method}");
    }
    assert!(sent > 40, "{sent}");
}
