//! Accepting: how many, and how they are set up.

use std::time::Duration;

use poem::endpoint::make_sync;
use poem::listener::Acceptor;
use tokio::net::TcpStream;

use crate::net::testing::Running;
use crate::net::{ConnectionLimits, Edge, Sockets, Transport};

#[tokio::test]
async fn connections_beyond_the_cap_wait_for_a_place() {
    let limits = ConnectionLimits { max_connections: 1, ..ConnectionLimits::default() };
    let server = Running::start(limits, None, make_sync(|_| "done")).await;
    let mut first = server.client().await;
    assert_eq!(first.get("/").await.status, 200);

    let mut second = server.client().await;
    let early = tokio::time::timeout(Duration::from_millis(200), second.get("/")).await;
    assert!(early.is_err(), "answered while the only place was taken");

    drop(first);
    assert_eq!(second.answer().await.status, 200);
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
