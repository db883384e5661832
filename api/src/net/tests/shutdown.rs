//! Tests of stopping a server that has connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use poem::endpoint::{make, make_sync};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::net::testing::{Running, TIMEOUT};

#[tokio::test]
async fn a_request_in_flight_is_finished() {
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (enter, released) = (entered.clone(), release.clone());
    let endpoint = make(move |_| {
        let (enter, released) = (enter.clone(), released.clone());
        async move {
            enter.notify_one();
            released.notified().await;
            "finished"
        }
    });
    let server = Running::with_default_limits(endpoint).await;
    let address = server.address;
    let mut client = server.client().await;
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").await;
    entered.notified().await;

    let stopped = server.stop();
    refuses_connections(address).await;
    release.notify_one();
    assert_eq!(client.answer().await.text(), "finished");
    tokio::time::timeout(TIMEOUT, stopped).await.expect("an end").expect("no panic");
}

#[tokio::test]
async fn a_half_open_connection_does_not_hold_the_server_up() {
    let server = Running::with_default_limits(make_sync(|_| "done")).await;
    let mut half = server.client().await;
    half.send("GET / HTTP/1.1\r\nHo").await;
    // When this request is answered, the server has accepted the other connection.
    assert_eq!(server.client().await.get("/").await.status, 200);
    ends_soon(server).await;
    drop(half);
}

#[tokio::test]
async fn a_handler_without_end_does_not_hold_the_server_up() {
    let entered = Arc::new(Notify::new());
    let enter = entered.clone();
    let endpoint = make(move |_| {
        enter.notify_one();
        std::future::pending::<&str>()
    });
    let server = Running::with_default_limits(endpoint).await;
    let mut client = server.client().await;
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").await;
    entered.notified().await;
    ends_soon(server).await;
}

/// Stops the server, which drains for at most half a second.
async fn ends_soon(server: Running) {
    let start = Instant::now();
    let stopped = tokio::time::timeout(TIMEOUT, server.stop()).await.expect("an end");
    stopped.expect("no panic");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

/// Waits until the listening socket is closed.
async fn refuses_connections(address: std::net::SocketAddr) {
    let start = Instant::now();
    while TcpStream::connect(address).await.is_ok() {
        assert!(start.elapsed() < TIMEOUT, "still listening");
    }
}
