//! Bodies that are too large, too slow or encoded, and valid bodies.

use std::sync::Arc;
use std::time::{Duration, Instant};

use poem::endpoint::make;
use poem::http::Method;
use poem::{Endpoint, EndpointExt, Request};
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;

use super::documented;
use crate::layers::{Bodies, read_body};
use crate::net::testing::{Client, Running, TIMEOUT};

const MAX: usize = 1000;
const TOTAL: Duration = Duration::from_millis(600);
const STALL: Duration = Duration::from_millis(200);

/// Starts a server that returns the body of each request.
async fn echo() -> Running {
    echo_within(Bodies::new(MAX, TOTAL, STALL, MAX * 10)).await
}

async fn echo_within(bodies: Arc<Bodies>) -> Running {
    let echo = make(|request: Request| async move { request.into_body().into_bytes().await });
    let limited = echo.around(move |next, request| read_body(next, request, bodies.clone()));
    Running::with_default_limits(limited.around(documented)).await
}

fn head(fields: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: test\r\n{fields}\r\n\r\n")
}

fn chunk(size: usize) -> String {
    format!("{size:x}\r\n{}\r\n", "x".repeat(size))
}

/// Returns the status of the response to a head and the text after it.
async fn status(fields: &str, rest: &str) -> u16 {
    let server = echo().await;
    let mut client = server.client().await;
    client.send(head(fields) + rest).await;
    client.answer().await.status
}

#[tokio::test]
async fn a_body_within_the_limits_reaches_the_handler() {
    let server = echo().await;
    let mut client = server.client().await;
    client.send(head("Content-Length: 5") + "hello").await;
    assert_eq!(client.answer().await.text(), "hello");
    client.send(head("Transfer-Encoding: chunked") + "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n").await;
    assert_eq!(client.answer().await.text(), "hello");
    client.send(head(&format!("Content-Length: {MAX}")) + &"x".repeat(MAX)).await;
    assert_eq!(client.answer().await.body.len(), MAX, "a body of exactly the limit");
    client.send(head("Content-Encoding: identity\r\nContent-Length: 1") + "x").await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(client.get("/").await.text(), "", "no body at all");
}

#[tokio::test]
async fn a_content_length_over_the_limit_is_refused_before_the_body_comes() {
    for length in [MAX + 1, usize::MAX / 2] {
        assert_eq!(status(&format!("Content-Length: {length}"), "").await, 413, "{length}");
    }
}

#[tokio::test]
async fn a_chunked_body_over_the_limit_is_refused() {
    let body = chunk(MAX) + &chunk(1);
    assert_eq!(status("Transfer-Encoding: chunked", &body).await, 413);
}

#[tokio::test]
async fn a_client_that_sends_everything_first_still_sees_why_it_was_refused() {
    let size = MAX * 7;
    let server = echo().await;
    let mut client = server.client().await;
    client.send(head(&format!("Content-Length: {size}"))).await;
    for _ in 0..7 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        client.send("x".repeat(MAX)).await;
    }
    assert_eq!(client.answer().await.status, 413);
    assert_eq!(client.get("/").await.status, 200, "the connection is still good");
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let server = echo_within(Bodies::new(MAX, TIMEOUT * 2, TIMEOUT * 2, MAX * 10)).await;
    let (_read, mut write) = server.client().await.0.into_split();
    let head = head("Transfer-Encoding: chunked");
    write.write_all(head.as_bytes()).await.expect("an open connection");
    let flood = async { while write.write_all(chunk(MAX).as_bytes()).await.is_ok() {} };
    tokio::time::timeout(TIMEOUT, flood).await.expect("the connection to be closed");
}

#[tokio::test]
async fn a_body_that_stalls_is_refused() {
    let server = echo_within(Bodies::new(MAX, TIMEOUT * 2, STALL, MAX * 10)).await;
    let mut client = server.client().await;
    let start = Instant::now();
    client.send(head("Content-Length: 5") + "h").await;
    assert_eq!(client.answer().await.status, 408);
    assert!((STALL..TIMEOUT).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_body_that_trickles_is_refused_after_the_total_time() {
    let server = echo_within(Bodies::new(MAX, TOTAL, TIMEOUT * 2, MAX * 10)).await;
    let (read, mut write) = server.client().await.0.into_split();
    let start = Instant::now();
    write.write_all(head("Content-Length: 500").as_bytes()).await.expect("an open connection");
    let trickle = tokio::spawn(async move {
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(STALL / 10).await;
        }
    });
    let answer = Client(tokio::io::join(read, tokio::io::sink())).answer().await;
    assert_eq!(answer.status, 408);
    assert_eq!(answer.header("connection"), Some("close"));
    assert!((TOTAL..TIMEOUT).contains(&start.elapsed()), "{:?}", start.elapsed());
    trickle.abort();
}

#[tokio::test]
async fn broken_framing_is_refused() {
    assert_eq!(status("Transfer-Encoding: chunked", "zz\r\n").await, 400);
}

#[tokio::test]
async fn an_encoded_body_is_refused_and_told_what_is_accepted() {
    let server = echo().await;
    for coding in ["gzip", "br", "identity, gzip", "identity\r\nContent-Encoding: zstd"] {
        let mut client = server.client().await;
        client.send(head(&format!("Content-Encoding: {coding}\r\nContent-Length: 1")) + "x").await;
        let answer = client.answer().await;
        assert_eq!(answer.status, 415, "{coding}");
        assert_eq!(answer.header("accept-encoding"), Some("identity"), "{coding}");
    }
}

#[tokio::test]
async fn bodies_share_a_budget_of_memory() {
    // Memory for one unit: the first body acquires it with its first byte and holds it.
    let server = echo_within(Bodies::new(MAX, TIMEOUT, TIMEOUT, 1024)).await;
    let (mut first, mut second) = (server.client().await, server.client().await);
    first.send(head("Content-Length: 2\r\nExpect: 100-continue")).await;
    assert_eq!(first.answer().await.status, 100);
    first.send("a").await;

    let start = Instant::now();
    let refused = loop {
        assert!(start.elapsed() < TIMEOUT / 2, "the second body found room");
        second.send(head("Content-Length: 1") + "x").await;
        let answer = second.answer().await;
        // The memory is available until the server has read the first byte of the first body.
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), Some("1"));

    first.send("b").await;
    assert_eq!(first.answer().await.text(), "ab");
    second.send(head("Content-Length: 1") + "x").await;
    assert_eq!(second.answer().await.status, 200, "the room is free again");
}

/// The memory is held until the request ends, not only until its body is read.
#[tokio::test]
async fn a_body_takes_memory_as_long_as_it_is_worked_on() {
    let bodies = Bodies::new(MAX, TIMEOUT, TIMEOUT, 1024);
    let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let endpoint = {
        let (entered, gate) = (entered.clone(), gate.clone());
        make(move |_| {
            let (entered, gate) = (entered.clone(), gate.clone());
            async move {
                entered.add_permits(1);
                gate.acquire().await.expect("a gate").forget();
            }
        })
    };
    let endpoint = Arc::new(endpoint.around(move |next, request| read_body(next, request, bodies.clone())));
    let ask = || {
        let endpoint = endpoint.clone();
        let request = Request::builder().method(Method::POST).body("x");
        tokio::spawn(async move { endpoint.get_response(request).await.status().as_u16() })
    };
    let first = ask();
    entered.acquire().await.expect("a counter").forget();
    let second = tokio::time::timeout(TIMEOUT, ask()).await.expect("it is not worked on");
    assert_eq!(second.expect("an answer"), 503);
    gate.add_permits(2);
    assert_eq!(first.await.expect("an answer"), 200);
    assert_eq!(ask().await.expect("an answer"), 200, "the room is free again");
}
