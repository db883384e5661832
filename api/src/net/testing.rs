//! A real server on the loopback interface, and a client that sends HTTP/1.1 as bytes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use poem::IntoEndpoint;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{ConnectionLimits, Listener, ServerTls, Sockets};

/// The maximum duration of any step in these tests: a test that waits this long has failed.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// Limits that no test reaches.
pub(crate) const WIDE: ConnectionLimits = ConnectionLimits {
    max_connections: 1024,
    header_timeout: TIMEOUT,
    idle_timeout: Duration::from_secs(75),
    max_streams: 100,
    max_header_bytes: 64 * 1024,
};

/// A running server.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start<E>(limits: ConnectionLimits, tls: Option<ServerTls>, endpoint: E) -> Self
    where
        E: IntoEndpoint + Send + 'static,
        E::Endpoint: 'static,
    {
        let sockets = Sockets::bind("127.0.0.1", 0).await.expect("a free port");
        let address = sockets.addresses()[0];
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { stopped.await.unwrap_or_default() };
        let listener = Listener { sockets, tls, limits };
        let task = tokio::spawn(listener.serve(endpoint, stopped, Duration::from_millis(500)));
        Self { address, stop, task }
    }

    /// Starts a server with limits that no test reaches.
    pub(crate) async fn with_default_limits<E>(endpoint: E) -> Self
    where
        E: IntoEndpoint + Send + 'static,
        E::Endpoint: 'static,
    {
        Self::start(WIDE, None, endpoint).await
    }

    pub(crate) async fn client(&self) -> Client<TcpStream> {
        Client(TcpStream::connect(self.address).await.expect("a connection"))
    }

    /// Connects until a request is answered with 200, and returns that client.
    pub(crate) async fn admitted(&self) -> Client<TcpStream> {
        let ask = async {
            loop {
                let mut client = self.client().await;
                // The server may close the connection before anything is sent.
                let sent = client.0.write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n").await;
                if sent.is_ok() && client.answer_or_end().await.is_some_and(|answer| answer.status == 200) {
                    return client;
                }
            }
        };
        tokio::time::timeout(TIMEOUT, ask).await.expect("a place")
    }

    /// Stops the server. The returned handle resolves when it has stopped.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        self.stop.send(()).expect("a server that is still running");
        self.task
    }
}

/// A connection to the server.
pub(crate) struct Client<Io>(pub(crate) Io);

impl<Io: AsyncRead + AsyncWrite + Unpin> Client<Io> {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.expect("a connection that takes bytes");
        self.0.flush().await.expect("a connection that takes bytes");
    }

    /// Sends a GET request and returns its response.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
        self.answer().await
    }

    /// Returns the next response, whose body is delimited by `Content-Length`.
    pub(crate) async fn answer(&mut self) -> Answer {
        let answer = tokio::time::timeout(TIMEOUT, self.answer_or_end()).await;
        answer.expect("an answer in time").expect("the head of an answer")
    }

    /// Returns the next response, or `None` if the connection ends before the head does.
    pub(crate) async fn answer_or_end(&mut self) -> Option<Answer> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.ok()?);
        }
        let mut answer = Answer::parse(&String::from_utf8(head).expect("text"));
        let length = answer.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        answer.body = vec![0; length];
        self.0.read_exact(&mut answer.body).await.expect("the body of an answer");
        Some(answer)
    }

    /// Reads up to and including `end`.
    pub(crate) async fn read_until(&mut self, end: &[u8]) {
        let read = async {
            let mut received = Vec::new();
            while !received.ends_with(end) {
                received.push(self.0.read_u8().await.expect("more to read"));
            }
        };
        tokio::time::timeout(TIMEOUT, read).await.expect("the text in time");
    }

    /// Waits until the server closes the connection, with or without a response, and returns the time this took.
    pub(crate) async fn closed(&mut self) -> Duration {
        let start = Instant::now();
        let drained = async {
            let mut bytes = [0; 1024];
            while matches!(self.0.read(&mut bytes).await, Ok(read) if read > 0) {}
        };
        tokio::time::timeout(TIMEOUT, drained).await.expect("the connection to be closed");
        start.elapsed()
    }
}

/// A response as it was received.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn parse(head: &str) -> Self {
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
        let headers = lines.filter_map(|line| line.split_once(": "));
        Self {
            status: status.parse().expect("a status"),
            headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
            body: Vec::new(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}
