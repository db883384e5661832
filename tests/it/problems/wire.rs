//! Requests that no HTTP library sends, written byte by byte.

use crate::harness::TestApp;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

crate::engines![
    a_body_that_says_it_is_too_large_is_refused_before_it_comes,
    a_chunked_body_is_refused_as_soon_as_it_is_too_large,
    a_chunked_body_that_is_broken_is_a_bad_request,
    what_the_parser_cannot_read_is_refused,
    a_request_names_one_host,
    pages_of_other_origins_and_other_names_of_this_machine_are_refused,
];

/// Sends `request` and returns the status and the body of the first response.
async fn send(app: &TestApp, request: Vec<u8>) -> (u16, Value) {
    let address = app.url.trim_start_matches("http://").to_owned();
    let exchange = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        // The server may respond and close the connection before it has read everything.
        let _ = stream.write_all(&request);
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while !complete(&answer) {
            match stream.read(&mut buffer).expect("an answer in time") {
                0 => break,
                read => answer.extend_from_slice(&buffer[..read]),
            }
        }
        String::from_utf8(answer).expect("UTF-8")
    });
    let answer = exchange.await.expect("an exchange");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// Returns whether the head is complete and the body has the length that the head announces.
fn complete(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.and_then(|length| length.trim().parse::<usize>().ok()).is_some_and(|length| body.len() >= length)
}

fn head(more: &str) -> String {
    format!(
        "POST /api/hyperfleet/v1/clusters HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{more}\r\n\r\n"
    )
}

async fn a_body_that_says_it_is_too_large_is_refused_before_it_comes(app: TestApp) {
    let (status, problem) = send(&app, head("content-length: 1048577").into_bytes()).await;
    assert_eq!((status, &problem["code"]), (413, &"HYPERFLEET-VAL-006".into()), "{problem}");
}

async fn a_chunked_body_is_refused_as_soon_as_it_is_too_large(app: TestApp) {
    let mut request = head("transfer-encoding: chunked").into_bytes();
    // 17 chunks of 64 KiB are more than 1 MiB. The last chunk is not sent.
    for _ in 0..17 {
        request.extend_from_slice(b"10000\r\n");
        request.extend_from_slice(&[b' '; 0x10000]);
        request.extend_from_slice(b"\r\n");
    }
    let (status, problem) = send(&app, request).await;
    assert_eq!((status, &problem["code"]), (413, &"HYPERFLEET-VAL-006".into()), "{problem}");
}

async fn a_chunked_body_that_is_broken_is_a_bad_request(app: TestApp) {
    let request = format!("{}5\r\n{{\"a\":\r\nzz\r\n", head("transfer-encoding: chunked")).into_bytes();
    let (status, problem) = send(&app, request).await;
    assert_eq!((status, &problem["code"]), (400, &"HYPERFLEET-VAL-006".into()), "{problem}");
    assert_eq!(problem["status"], 400);
}

async fn what_the_parser_cannot_read_is_refused(app: TestApp) {
    let get = |target: &str, more: &str| format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n");
    let list = "/api/hyperfleet/v1/clusters";
    for (what, request, expected) in [
        ("spaces in the address", get(&format!("{list}?search=name = 'a'"), ""), 400),
        ("no HTTP", "hello\r\n\r\n".to_owned(), 400),
        ("a header without a colon", get(list, "nonsense\r\n"), 400),
        ("two lengths", head("content-length: 2\r\ncontent-length: 3"), 400),
        ("a long address", get(&format!("{list}?search={}", "a".repeat(70_000)), ""), 414),
        ("many headers", get(list, &"x: y\r\n".repeat(200)), 431),
    ] {
        let (status, _) = send(&app, request.into_bytes()).await;
        assert_eq!(status, expected, "{what}");
    }
    app.get("clusters").await.status(200);
}

async fn a_request_names_one_host(app: TestApp) {
    for (version, hosts, expected) in [
        ("1.1", "host: localhost\r\n", 200),
        ("1.0", "", 200),
        ("1.1", "", 400),
        ("1.1", "host: localhost\r\nhost: localhost\r\n", 400),
        ("1.1", "host: local host\r\n", 400),
    ] {
        let request = format!("GET /api/hyperfleet/v1/clusters HTTP/{version}\r\n{hosts}\r\n");
        let (status, body) = send(&app, request.into_bytes()).await;
        assert_eq!(status, expected, "HTTP/{version} {hosts}");
        if expected == 400 {
            assert_eq!(
                (&body["code"], &body["errors"][0]["field"]),
                (&"HYPERFLEET-VAL-000".into(), &"Host".into())
            );
        }
    }
}

async fn pages_of_other_origins_and_other_names_of_this_machine_are_refused(app: TestApp) {
    let port = app.url.rsplit_once(':').expect("a port").1.to_owned();
    for (host, origin, expected) in [
        (format!("localhost:{port}"), format!("origin: http://localhost:{port}\r\n"), 201),
        (format!("localhost:{port}"), "origin: https://evil.example\r\n".to_owned(), 403),
        (format!("localhost:{port}"), "origin: http://localhost:3000\r\n".to_owned(), 403),
        (format!("localhost:{port}"), "origin: null\r\n".to_owned(), 403),
        (format!("rebound.example:{port}"), String::new(), 403),
    ] {
        let body = r#"{"name": "alpha", "spec": {}}"#;
        let request = format!(
            "POST /api/hyperfleet/v1/clusters HTTP/1.1\r\nhost: {host}\r\n{origin}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let (status, answer) = send(&app, request.into_bytes()).await;
        assert_eq!(status, expected, "{host} {origin} {answer}");
        assert!(status == 201 || answer["code"] == "HYPERFLEET-AUZ-001", "{answer}");
    }
    assert_eq!(app.get("clusters").await.at("/total"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_heads_and_senders_are_settings() {
    let settings =
        [("HYPERFLEET_SERVER_MAX_HEADER_BYTES", "2KiB"), ("HYPERFLEET_SERVER_STALL_TIMEOUT", "100ms")];
    let app = TestApp::with(crate::harness::Engine::Sqlite, &settings).await;
    let get = |long: usize| {
        let long = "x".repeat(long);
        format!("GET /api/hyperfleet/v1/clusters HTTP/1.1\r\nhost: localhost\r\nlong: {long}\r\n\r\n")
            .into_bytes()
    };
    assert_eq!(send(&app, get(1900)).await.0, 200);
    let (status, problem) = send(&app, get(2100)).await;
    assert_eq!((status, &problem["code"]), (431, &"HYPERFLEET-VAL-006".into()), "{problem}");
    // The rest of the body is not sent.
    let (status, problem) = send(&app, format!("{}{{", head("content-length: 9")).into_bytes()).await;
    assert_eq!(status, 408, "{problem}");
}
