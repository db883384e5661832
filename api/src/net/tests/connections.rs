//! Tests of the number and the setup of connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use poem::Request;
use poem::endpoint::{make, make_sync};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::net::testing::{Running, TIMEOUT, WIDE};
use crate::net::{ConnectionLimits, Sockets};

fn at_most(max_connections: usize) -> ConnectionLimits {
    ConnectionLimits { max_connections, ..WIDE }
}

#[tokio::test]
async fn connections_beyond_the_cap_are_closed_at_once_while_all_are_busy() {
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
    let server = Running::start(at_most(1), None, busy).await;
    let mut first = server.client().await;
    first.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").await;
    begun.recv().await.expect("a request under way");

    for _ in 0..3 {
        let start = Instant::now();
        server.client().await.closed().await;
        assert!(start.elapsed() < Duration::from_millis(250), "{:?}", start.elapsed());
    }
    release.send_replace(true);
    assert_eq!(first.answer().await.status, 200, "who has a place keeps it while it is at work");
}

#[tokio::test]
async fn the_longest_idle_connection_makes_place_for_a_new_one() {
    let server = Running::start(at_most(2), None, make_sync(|_| "done")).await;
    let (mut longest, mut other) = (server.client().await, server.client().await);
    for client in [&mut longest, &mut other] {
        assert_eq!(client.get("/").await.status, 200);
    }
    let mut new = server.admitted().await;
    longest.closed().await;
    for client in [&mut other, &mut new] {
        assert_eq!(client.get("/").await.status, 200);
    }
}

#[tokio::test]
async fn http2_connections_that_only_ping_lock_nobody_out() {
    const PLACES: usize = 8;
    let server = Running::start(at_most(PLACES), None, make_sync(|_| "done")).await;
    for _ in 0..PLACES {
        let mut pinging = Http2::connect(&server).await;
        tokio::spawn(async move { while pinging.ping().await.is_ok() {} });
    }
    let mut client = server.admitted().await;
    assert_eq!(client.get("/").await.status, 200);
}

#[tokio::test]
async fn an_answer_that_is_being_made_keeps_its_connection() {
    let more = Arc::new(Semaphore::new(0));
    let gate = more.clone();
    let endpoint = make(move |request: Request| {
        let gate = gate.clone();
        async move {
            let parts = futures_util::stream::unfold(gate, |gate| async {
                gate.acquire().await.expect("a gate").forget();
                Some((Ok::<_, std::io::Error>("part"), gate))
            });
            match request.uri().path() {
                "/stream" => poem::Body::from_bytes_stream(parts),
                _ => poem::Body::from("done"),
            }
        }
    });
    let idle_timeout = Duration::from_millis(100);
    let server = Running::start(ConnectionLimits { idle_timeout, ..at_most(1) }, None, endpoint).await;
    let mut streaming = server.client().await;
    streaming.send("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n").await;
    streaming.read_until(b"\r\n\r\n").await;
    for _ in 0..3 {
        // Longer than a connection may be idle, while other clients try to connect.
        tokio::time::sleep(idle_timeout * 5).await;
        server.client().await.closed().await;
        more.add_permits(1);
        streaming.read_until(b"part\r\n").await;
    }
}

/// A minimal HTTP/2 connection that can open, ping and request `/`.
struct Http2(TcpStream);

impl Http2 {
    async fn connect(server: &Running) -> Self {
        const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
        let mut stream = server.client().await.0;
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("a preface");
        stream.write_all(SETTINGS).await.expect("settings");
        Self(stream)
    }

    /// Sends a ping and waits for its acknowledgment.
    async fn ping(&mut self) -> std::io::Result<()> {
        const PING: &[u8] = &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        const PONG: &[u8] = &[0, 0, 8, 6, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        self.0.write_all(PING).await?;
        self.read_until(PONG).await
    }

    async fn read_until(&mut self, end: &[u8]) -> std::io::Result<()> {
        let mut received = Vec::new();
        while !received.ends_with(end) {
            received.push(self.0.read_u8().await?);
        }
        Ok(())
    }
}

#[tokio::test]
async fn http2_is_idle_between_requests_whatever_frames_come() {
    // HEADERS that end stream 1: GET, http, `/`, the authority `test`.
    const GET: &[u8] = &[0, 0, 9, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 4, b't', b'e', b's', b't'];
    let idle_timeout = Duration::from_millis(300);
    let limits = ConnectionLimits { idle_timeout, ..WIDE };
    let server = Running::start(limits, None, make_sync(|_| "0123456789")).await;
    let mut client = Http2::connect(&server).await;
    // Measured from before the request, so the connection cannot have been idle for longer.
    let start = Instant::now();
    client.0.write_all(GET).await.expect("a request");
    client.read_until(b"0123456789").await.expect("its answer");
    while client.ping().await.is_ok() {
        assert!(start.elapsed() < TIMEOUT, "still open");
    }
    assert!(start.elapsed() >= idle_timeout, "{:?}", start.elapsed());
}

#[tokio::test]
async fn small_answers_are_not_delayed() {
    let mut sockets = Sockets::bind("127.0.0.1", 0).await.expect("a free port");
    let _client = TcpStream::connect(sockets.addresses()[0]).await.expect("a connection");
    assert!(sockets.accept().await.nodelay().expect("a socket"));
}

#[tokio::test]
async fn requests_know_both_ends_of_their_connection() {
    let tell = make_sync(|request: Request| format!("{} {}", request.local_addr(), request.remote_addr()));
    let server = Running::with_default_limits(tell).await;
    let mut client = server.client().await;
    let peer = client.0.local_addr().expect("an address");
    let expected = format!("socket://{} socket://{peer}", server.address);
    assert_eq!(client.get("/").await.text(), expected);
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
