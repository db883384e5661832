//! Accepting: how many, and how they are set up.

use std::time::{Duration, Instant};

use poem::endpoint::{make, make_sync};
use poem::listener::Acceptor;
use tokio::net::TcpStream;

use crate::net::testing::Running;
use crate::net::{ConnectionLimits, Edge, Sockets, Transport};

fn one_connection() -> ConnectionLimits {
    ConnectionLimits { max_connections: 1, ..ConnectionLimits::default() }
}

#[tokio::test]
async fn connections_beyond_the_cap_are_told_so_at_once() {
    let (entered, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let (release, gate) = tokio::sync::watch::channel(false);
    let busy = make(move |_| {
        let (entered, mut gate) = (entered.clone(), gate.clone());
        async move {
            entered.send(()).expect("somebody who waits");
            gate.wait_for(|open| *open).await.expect("a gate that opens");
            Ok::<_, poem::Error>("done")
        }
    });
    let server = Running::start(one_connection(), None, busy).await;
    let mut first = server.client().await;
    first.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").await;
    begun.recv().await.expect("a request under way");

    for _ in 0..3 {
        let start = Instant::now();
        let mut second = server.client().await;
        let refused = second.get("/").await;
        assert!(start.elapsed() < Duration::from_millis(250), "{:?}", start.elapsed());
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
        assert_eq!(refused.header("connection"), Some("close"));
        second.closed().await;
    }
    release.send_replace(true);
    assert_eq!(first.answer().await.status, 200, "who has a place keeps it while it is at work");
}

#[tokio::test]
async fn who_lies_idle_makes_place_for_others() {
    let server = Running::start(one_connection(), None, make_sync(|_| "done")).await;
    let mut idle = server.client().await;
    assert_eq!(idle.get("/").await.status, 200);
    let refused = server.client().await.get("/").await;
    assert_eq!(refused.status, 503);
    let left = idle.closed().await;
    assert!(left < Duration::from_secs(2), "{left:?}");
    assert_eq!(server.client().await.get("/").await.status, 200);
}

#[tokio::test]
async fn small_answers_are_not_delayed() {
    let sockets = Sockets::bind("127.0.0.1", 0).await.expect("a free port");
    let address = sockets.addresses()[0];
    let mut edge = Edge::new(sockets, ConnectionLimits::default(), None);
    let _client = TcpStream::connect(address).await.expect("a connection");
    let (accepted, local, remote, scheme) = edge.accept().await.expect("the connection");
    let Transport::Plain(stream) = accepted.io().io() else { panic!("not a plain connection") };
    assert!(stream.nodelay().expect("a socket"));
    assert_eq!(local.as_socket_addr(), Some(&address));
    assert!(remote.as_socket_addr().is_some_and(|remote| remote.ip().is_loopback()));
    assert_eq!(scheme.as_str(), "http");
}

#[tokio::test]
async fn localhost_is_bound_on_all_its_addresses_and_one_port() {
    let sockets = Sockets::bind("localhost", 0).await.expect("a free port");
    let addresses = sockets.addresses();
    assert!(addresses.iter().any(|address| address.is_ipv4()), "{addresses:?}");
    assert!(addresses.iter().all(|address| address.port() == addresses[0].port()), "{addresses:?}");
}

#[tokio::test]
async fn a_taken_port_is_an_error() {
    let first = Sockets::bind("127.0.0.1", 0).await.expect("a free port");
    let second = Sockets::bind("127.0.0.1", first.addresses()[0].port()).await;
    assert_eq!(second.expect_err("taken").kind(), std::io::ErrorKind::AddrInUse);
}
