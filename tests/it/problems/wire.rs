//! Requests that no HTTP library would send, byte by byte.

use crate::harness::TestApp;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

crate::engines![
    a_body_that_says_it_is_too_large_is_refused_before_it_comes,
    a_chunked_body_is_refused_as_soon_as_it_is_too_large,
    a_chunked_body_that_is_broken_is_a_bad_request,
];

/// Sends `request` and answers the status and the body of the first answer.
async fn send(app: &TestApp, request: Vec<u8>) -> (u16, Value) {
    let address = app.url.trim_start_matches("http://").to_owned();
    let exchange = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        // The server may answer and close before it has read everything.
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
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// Whether the head and a body of the length it says are there.
fn complete(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.and_then(|length| length.trim().parse::<usize>().ok()).is_some_and(|length| body.len() >= length)
}

fn head(more: &str) -> String {
    format!(
        "POST /api/hyperfleet/v1/clusters HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{more}\r\n\r\n"
    )
}

async fn a_body_that_says_it_is_too_large_is_refused_before_it_comes(app: TestApp) {
    let (status, problem) = send(&app, head("content-length: 1048577").into_bytes()).await;
    assert_eq!((status, &problem["code"]), (413, &"HYPERFLEET-VAL-006".into()), "{problem}");
}

async fn a_chunked_body_is_refused_as_soon_as_it_is_too_large(app: TestApp) {
    let mut request = head("transfer-encoding: chunked").into_bytes();
    // 17 chunks of 64 KiB are more than 1 MiB; the last chunk never comes.
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
    assert_eq!(status, 400, "{problem}");
    assert_eq!(problem["status"], 400);
}
