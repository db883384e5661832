//! Properties that all responses share, successes and errors.

use crate::changes::Follower;
use crate::harness::{Answer, TestApp};
use serde_json::json;

crate::engines![
    one_trailing_slash_is_ignored,
    head_is_answered_wherever_get_is,
    a_sane_request_id_is_taken_and_any_other_replaced,
    gzip_is_used_when_asked_for_and_the_answer_varies_by_it,
    a_method_that_a_path_has_not_is_answered_with_those_it_has,
    unknown_keys_are_ignored_on_create_and_in_reports,
    a_taken_name_is_answered_with_the_id_that_has_it,
    a_header_that_decides_and_is_no_text_is_refused_and_not_ignored,
];

async fn one_trailing_slash_is_ignored(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let href = cluster["href"].as_str().expect("a path");
    app.get(&format!("{href}/")).await.status(200).body(&cluster);
    app.post("clusters/", json!({"name": "gamma", "spec": {}})).await.status(201);
    assert_eq!(app.get("clusters/?size=1").await.status(200).names().len(), 1);
    for path in ["/api/hyperfleet/", "/openapi/", "compatibility/"] {
        app.get(path).await.status(200);
    }
}

async fn head_is_answered_wherever_get_is(app: TestApp) {
    // After this request every list has a position, so the length of its response is constant.
    Follower::now(&app, &[]).await;
    let cluster = app.a_cluster().create().await;
    let href = cluster["href"].as_str().expect("a path");
    let statuses = format!("{href}/statuses");
    for path in ["clusters", href, &statuses, "/openapi", "/openapi-ui", "compatibility", "/api/hyperfleet"] {
        let got = app.get(path).await;
        let head = Answer::of(app.request("HEAD", path)).await;
        head.status(200);
        assert_eq!(head.text, "", "{path}");
        for header in ["content-type", "content-length", "etag"] {
            assert_eq!(head.header(header), got.header(header), "{header} of {path}");
        }
    }
    let missing = Answer::of(app.request("HEAD", "clusters/abc")).await;
    missing.status(404);
    assert_eq!(missing.text, "");
}

async fn a_sane_request_id_is_taken_and_any_other_replaced(app: TestApp) {
    let asked =
        async |id: &str| Answer::of(app.request("GET", "clusters/abc").header("x-request-id", id)).await;
    let taken = asked("my-request_1.2").await;
    taken.problem(404, "HYPERFLEET-NTF-001");
    assert_eq!(taken.header("x-request-id"), "my-request_1.2");
    assert_eq!(taken.header("x-operation-id"), "my-request_1.2");
    assert_eq!(taken.body["trace_id"], "my-request_1.2");
    let long = "a".repeat(1000);
    for odd in ["", " ", "<script>", "a b", &long] {
        let made = asked(odd).await;
        made.problem(404, "HYPERFLEET-NTF-001");
        assert_ne!(made.header("x-request-id"), odd);
        assert_eq!(made.header("x-operation-id"), made.header("x-request-id"));
    }
    let (first, second) = (app.get("clusters").await, app.get("clusters").await);
    assert_ne!(first.header("x-request-id"), "");
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
}

async fn gzip_is_used_when_asked_for_and_the_answer_varies_by_it(app: TestApp) {
    app.a_cluster().spec(json!({"text": "x".repeat(20_000)})).create().await;
    let plain = app.get("clusters").await;
    assert_eq!(plain.header("content-encoding"), "");
    let vary = |answer: &Answer| {
        let values = answer.headers.get_all("vary").iter().filter_map(|value| value.to_str().ok());
        values.collect::<Vec<_>>().join(",").to_ascii_lowercase()
    };
    assert!(vary(&plain).contains("accept-encoding"), "{:?}", plain.headers);
    let response =
        app.request("GET", "clusters").header("accept-encoding", "gzip").send().await.expect("an answer");
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert!(
        response.headers()["vary"].to_str().expect("text").to_ascii_lowercase().contains("accept-encoding")
    );
    let bytes = response.bytes().await.expect("a body");
    assert!(bytes.starts_with(&[0x1f, 0x8b]) && bytes.len() < 2000, "{} bytes", bytes.len());
    let refused = Answer::of(app.request("GET", "clusters").header("accept-encoding", "gzip;q=0")).await;
    refused.status(200).list(&plain.body);
}

async fn a_method_that_a_path_has_not_is_answered_with_those_it_has(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let href = cluster["href"].as_str().expect("a path");
    for (method, path, allow) in [
        ("DELETE", "clusters".to_owned(), "GET, HEAD, POST"),
        ("POST", href.to_owned(), "DELETE, GET, HEAD, PATCH"),
        ("PATCH", format!("{href}/statuses"), "GET, HEAD, POST, PUT"),
        ("GET", format!("{href}/force-delete"), "POST"),
        ("PUT", format!("{href}/nodepools"), "GET, HEAD, POST"),
        ("POST", "/openapi.yaml".to_owned(), "GET, HEAD"),
    ] {
        let answer = Answer::of(app.request(method, &path)).await;
        answer.problem(405, "HYPERFLEET-NTF-000");
        assert_eq!(answer.at("/title"), "Method Not Allowed");
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
}

async fn unknown_keys_are_ignored_on_create_and_in_reports(app: TestApp) {
    let body =
        json!({"name": "gamma", "spec": {}, "id": "x", "generation": 9, "status": 1, "new": {"a": []}});
    let created = app.post("clusters", body).await;
    assert_eq!(created.status(201).at("/generation"), 1);
    assert_eq!(created.body.get("new"), None);
    let condition = json!({"type": "Available", "status": "True", "new": 1});
    let report = json!({"adapter": "dns", "observed_generation": 1, "conditions": [condition], "new": 1});
    app.report(created.text_at("/href").as_str(), report).await.status(201);
}

async fn a_taken_name_is_answered_with_the_id_that_has_it(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let taken = app.post("clusters", json!({"name": "alpha", "spec": {}})).await;
    taken.problem(409, "HYPERFLEET-CNF-001");
    assert_eq!(taken.at("/errors/0/value"), &cluster["id"]);
    let id = cluster["id"].as_str().expect("an id");
    let pool = app.a_node_pool(id).create().await;
    let taken = app.post(&format!("clusters/{id}/nodepools"), json!({"name": "workers", "spec": {}})).await;
    taken.problem(409, "HYPERFLEET-CNF-001");
    assert_eq!(taken.at("/errors/0/value"), &pool["id"]);
    let other = app.a_cluster().named("other").create().await;
    app.a_node_pool(other["id"].as_str().expect("an id")).create().await;
}

async fn a_header_that_decides_and_is_no_text_is_refused_and_not_ignored(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let href = cluster["href"].as_str().expect("a path");
    let bytes = || reqwest::header::HeaderValue::from_bytes("schlüssel".as_bytes()).expect("a value");
    let force = format!("{href}/force-delete");
    for (method, path, header) in [
        ("POST", "clusters", "idempotency-key"),
        ("PATCH", href, "if-match"),
        ("DELETE", href, "if-match"),
        ("POST", &force, "if-match"),
        ("GET", href, "if-none-match"),
    ] {
        let body = json!({"name": "gamma", "spec": {}, "reason": "it must go"});
        let body = if method == "PATCH" { json!({"spec": {"x": 1}}) } else { body };
        let answer = Answer::of(app.request(method, path).header(header, bytes()).json(&body)).await;
        answer.problem(400, "HYPERFLEET-VAL-000");
        assert_eq!(answer.error_fields().join(" ").to_ascii_lowercase(), header, "{method} {path}");
    }
    let twice = app.request("POST", "clusters").header("idempotency-key", "a").header("idempotency-key", "b");
    let twice = Answer::of(twice.json(&json!({"name": "gamma", "spec": {}}))).await;
    assert_eq!(twice.problem(400, "HYPERFLEET-VAL-000").error_fields(), ["Idempotency-Key"]);
    app.get(href).await.status(200).body(&cluster);
    assert_eq!(app.get("clusters").await.at("/total"), 1);
}
