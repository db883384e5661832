//! Tests of connections that are too slow, and of slow connections that are allowed.

use std::time::Duration;

use poem::endpoint::make;
use poem::{Endpoint, Request};
use tokio::io::AsyncReadExt;

use crate::net::ConnectionLimits;
use crate::net::testing::{Client, Running, TIMEOUT, WIDE};

const HEADER: Duration = Duration::from_millis(200);
const IDLE: Duration = Duration::from_millis(600);
const LIMITS: ConnectionLimits =
    ConnectionLimits { max_connections: 16, header_timeout: HEADER, idle_timeout: IDLE, ..WIDE };

/// Responds with the number of bytes in the body.
fn count() -> impl Endpoint + 'static {
    make(|request: Request| async move {
        request.into_body().into_bytes().await.map(|body| body.len().to_string())
    })
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let server = Running::start(LIMITS, None, count()).await;
    let took = server.client().await.closed().await;
    assert!((HEADER / 2..TIMEOUT / 2).contains(&took), "{took:?}");
}

#[tokio::test]
async fn half_a_head_is_closed_at_its_deadline() {
    let server = Running::start(LIMITS, None, count()).await;
    let mut client = server.client().await;
    client.send("GET / HTTP/1.1\r\nHost: te").await;
    let took = client.closed().await;
    assert!((HEADER / 2..IDLE).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_trickled_head_is_closed_at_its_deadline() {
    let server = Running::start(LIMITS, None, count()).await;
    let (mut read, mut write) = server.client().await.0.into_split();
    let trickle = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        write.write_all(b"GET / HTTP/1.1\r\n").await.expect("an open connection");
        while write.write_all(b"a: b\r\n").await.is_ok() {
            tokio::time::sleep(HEADER / 10).await;
        }
    });
    let closed = tokio::time::timeout(TIMEOUT / 2, read.read_to_end(&mut Vec::new())).await;
    assert!(closed.is_ok(), "still open");
    trickle.abort();
}

#[tokio::test]
async fn the_second_head_has_the_deadline_of_an_idle_connection() {
    let server = Running::start(LIMITS, None, count()).await;
    let mut client = server.client().await;
    assert_eq!(client.get("/").await.status, 200);
    client.send("GET / HT").await;
    let took = client.closed().await;
    assert!((IDLE / 2..TIMEOUT / 2).contains(&took), "{took:?}");
}

#[tokio::test]
async fn an_idle_connection_outlives_the_head_deadline_but_not_the_idle_one() {
    let server = Running::start(LIMITS, None, count()).await;
    let mut client = server.client().await;
    assert_eq!(client.get("/").await.status, 200);
    let took = client.closed().await;
    assert!((IDLE - HEADER..TIMEOUT / 2).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_handler_may_take_longer_than_a_head() {
    let slow = make(|_| async {
        tokio::time::sleep(HEADER * 2).await;
        "done"
    });
    let server = Running::start(LIMITS, None, slow).await;
    assert_eq!(server.client().await.get("/").await.text(), "done");
}

#[tokio::test]
async fn a_body_may_take_longer_than_a_head() {
    let server = Running::start(LIMITS, None, count()).await;
    let mut client = server.client().await;
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n").await;
    send_slowly(&mut client).await;
    assert_eq!(client.answer().await.text(), "4");
}

#[tokio::test]
async fn a_body_invited_by_100_continue_is_not_taken_for_a_head() {
    let server = Running::start(LIMITS, None, count()).await;
    let mut client = server.client().await;
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 100);
    send_slowly(&mut client).await;
    assert_eq!(client.answer().await.text(), "4");
}

/// Sends four bytes, over a longer time than the header timeout.
async fn send_slowly<Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(client: &mut Client<Io>) {
    for byte in ["a", "b", "c", "d"] {
        tokio::time::sleep(HEADER / 2).await;
        client.send(byte).await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_closed() {
    const SIZE: usize = 64 * 1024 * 1024;
    let endpoint = make(|request: Request| async move {
        vec![b'a'; if request.uri().path() == "/big" { SIZE } else { 1 }]
    });
    let one_place = ConnectionLimits { max_connections: 1, ..LIMITS };
    let server = Running::start(one_place, None, endpoint).await;
    let mut first = server.client().await;
    first.send("GET /big HTTP/1.1\r\nHost: test\r\n\r\n").await;
    // The only slot becomes free when the server closes the first connection.
    server.admitted().await;
    let mut received = Vec::new();
    // The connection may end with a reset, because some bytes are never read.
    let _ = first.0.read_to_end(&mut received).await;
    assert!(received.len() < SIZE, "the whole answer came");
}

#[tokio::test]
async fn a_client_that_reads_its_answer_slowly_gets_all_of_it() {
    const PART: usize = 2 * 1024 * 1024;
    const PARTS: usize = 16;
    let server = Running::start(LIMITS, None, make(|_| async { vec![b'a'; PART * PARTS] })).await;
    let mut client = server.client().await;
    client.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await;
    let mut part = vec![0; PART];
    for read in 0..PARTS {
        let outcome = client.0.read_exact(&mut part).await;
        assert!(outcome.is_ok(), "closed after {read} parts");
        tokio::time::sleep(IDLE / 6).await;
    }
}
