//! Entity tags: conditional reads and conditional writes.

use crate::harness::{Answer, TestApp, report};
use crate::statuses::{href, id};
use serde_json::{Value, json};

crate::engines![
    every_answer_with_one_resource_names_its_version,
    a_read_of_a_version_the_caller_has_answers_304,
    a_tag_changes_with_every_visible_change_and_with_nothing_else,
    a_change_of_another_version_is_refused,
    a_tag_of_a_compressed_answer_is_as_good,
    a_created_resource_is_where_location_says,
    a_condition_on_what_is_not_there_is_not_found,
];

async fn ask(app: &TestApp, method: &str, path: &str, header: (&str, &str), body: Option<Value>) -> Answer {
    let request = app.request(method, path).header(header.0, header.1);
    Answer::of(if let Some(body) = body { request.json(&body) } else { request }).await
}

async fn every_answer_with_one_resource_names_its_version(app: TestApp) {
    let created = app.post("clusters", json!({"name": "alpha", "spec": {}})).await;
    let tag = created.status(201).header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag}");
    let path = created.text_at("/href");
    assert_eq!(app.get(&path).await.header("etag"), tag);
    let patched = app.patch(&path, json!({"spec": {"x": 1}})).await;
    assert_eq!(patched.status(200).header("etag"), app.get(&path).await.header("etag"));
    assert_ne!(patched.header("etag"), tag);
    app.report(&path, report("dns", 2, &[("Available", "True")])).await.status(201);
    let deleted = app.delete(&path).await;
    assert_eq!(deleted.status(202).header("etag"), app.get(&path).await.header("etag"));
}

async fn a_read_of_a_version_the_caller_has_answers_304(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    let flat = format!("nodepools/{}", id(&pool));
    for path in [href(&cluster), href(&pool), &flat] {
        let tag = app.get(path).await.header("etag").to_owned();
        for tags in
            [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".into(), format!("{tag},\"y\"")]
        {
            let answer = ask(&app, "GET", path, ("if-none-match", &tags), None).await;
            assert_eq!(
                (answer.status(304).header("etag"), answer.text.as_str()),
                (tag.as_str(), ""),
                "{tags}"
            );
            ask(&app, "HEAD", path, ("if-none-match", &tags), None).await.status(304);
        }
        for tags in ["\"x\"", "x", ""] {
            ask(&app, "GET", path, ("if-none-match", tags), None).await.status(200);
        }
    }
}

async fn a_tag_changes_with_every_visible_change_and_with_nothing_else(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let path = href(&cluster);
    let mut tag = app.get(path).await.header("etag").to_owned();
    let mut moved = async || {
        let now = app.get(path).await.header("etag").to_owned();
        std::mem::replace(&mut tag, now.clone()) != now
    };
    assert!(!moved().await, "nothing happened");
    app.patch(path, json!({"spec": cluster["spec"]})).await.status(200);
    assert!(!moved().await, "a change that changes nothing");
    app.patch(path, json!({"labels": {"a": "b"}})).await.status(200);
    assert!(moved().await, "a change");
    app.report(path, report("dns", 2, &[("Available", "True")])).await.status(201);
    assert!(moved().await, "a report");
    app.report(path, report("dns", 2, &[("Available", "Unknown")])).await.status(204);
    assert!(!moved().await, "a discarded report");
    app.report(path, report("slow", 2, &[("Available", "Unknown")])).await.status(201);
    assert!(moved().await, "a report without aggregation shows among the adapters");
    app.delete(path).await.status(202);
    assert!(moved().await, "a deletion");
    app.delete(path).await.status(202);
    assert!(!moved().await, "a repeated deletion");
}

async fn a_change_of_another_version_is_refused(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let path = href(&cluster);
    let first = app.get(path).await.header("etag").to_owned();
    let change = |n: i64| Some(json!({"spec": {"n": n}}));
    let patched = ask(&app, "PATCH", path, ("if-match", &first), change(1)).await;
    let second = patched.status(200).header("etag").to_owned();
    ask(&app, "PATCH", path, ("if-match", &first), change(2)).await.problem(412, "HYPERFLEET-CNF-002");
    ask(&app, "DELETE", path, ("if-match", &first), None).await.problem(412, "HYPERFLEET-CNF-002");
    ask(&app, "DELETE", path, ("if-match", "\"x\""), None).await.problem(412, "HYPERFLEET-CNF-002");
    let weak = format!("W/{first}");
    ask(&app, "PATCH", path, ("if-match", &weak), change(2)).await.problem(412, "HYPERFLEET-CNF-002");
    app.get(path).await.status(200).body(&patched.body);
    // A tag is a version number, so the weak form that proxies derive from it names the same version.
    let weak = format!("W/{second}");
    let patched = ask(&app, "PATCH", path, ("if-match", &weak), change(2)).await;
    let second = patched.status(200).header("etag").to_owned();
    ask(&app, "PATCH", path, ("if-match", &format!("\"x\", {second}")), change(3)).await.status(200);
    ask(&app, "PATCH", path, ("if-match", "*"), change(4)).await.status(200);
    app.report(path, report("dns", 1, &[("Available", "True")])).await.status(201);
    let now = app.get(path).await.header("etag").to_owned();
    let deleted = ask(&app, "DELETE", path, ("if-match", &now), None).await;
    let going = deleted.status(202).header("etag").to_owned();
    let force = format!("{path}/force-delete");
    let reason = || Some(json!({"reason": "it must go"}));
    ask(&app, "POST", &force, ("if-match", &now), reason()).await.problem(412, "HYPERFLEET-CNF-002");
    ask(&app, "POST", &force, ("if-match", &going), reason()).await.status(204);
}

async fn a_tag_of_a_compressed_answer_is_as_good(app: TestApp) {
    let cluster = app.a_cluster().spec(json!({"text": "x".repeat(5000)})).create().await;
    let path = href(&cluster);
    let gzip = app.request("GET", path).header("accept-encoding", "gzip").send().await.expect("an answer");
    assert_eq!(gzip.headers()["content-encoding"], "gzip");
    let tag = gzip.headers()["etag"].to_str().expect("text").to_owned();
    assert_eq!(tag, format!("W/{}", app.get(path).await.header("etag")), "other bytes, so no strong tag");
    ask(&app, "GET", path, ("if-none-match", &tag), None).await.status(304);
    ask(&app, "PATCH", path, ("if-match", &tag), Some(json!({"labels": {"a": "b"}}))).await.status(200);
    ask(&app, "PATCH", path, ("if-match", &tag), Some(json!({"labels": {"a": "c"}}))).await.status(412);
}

async fn a_created_resource_is_where_location_says(app: TestApp) {
    let created = app.post("clusters", json!({"name": "alpha", "spec": {}})).await;
    assert_eq!(created.status(201).header("location"), created.text_at("/href"));
    app.get(created.header("location")).await.status(200).body(&created.body);
    let path = format!("clusters/{}/nodepools", created.text_at("/id"));
    let pool = app.post(&path, json!({"name": "workers", "spec": {}})).await;
    assert_eq!(pool.status(201).header("location"), pool.text_at("/href"));
    app.get(pool.header("location")).await.status(200).body(&pool.body);
}

async fn a_condition_on_what_is_not_there_is_not_found(app: TestApp) {
    let nothing = "clusters/01900000-0000-7000-8000-000000000000";
    ask(&app, "GET", nothing, ("if-none-match", "*"), None).await.problem(404, "HYPERFLEET-NTF-001");
    for tags in ["*", "\"1\""] {
        ask(&app, "PATCH", nothing, ("if-match", tags), Some(json!({"spec": {}}))).await.status(404);
        ask(&app, "DELETE", nothing, ("if-match", tags), None).await.status(404);
    }
}
