//! A real server on the loopback interface and a client that speaks HTTP/1.1 byte by byte.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use poem::IntoEndpoint;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{ConnectionLimits, Listener, ServerTls, Sockets};

/// Longer than anything in these tests may take: a test that waits this long has failed.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// Limits that no test runs into.
pub(crate) const WIDE: ConnectionLimits = ConnectionLimits {
    max_connections: 1024,
    header_timeout: TIMEOUT,
    idle_timeout: Duration::from_secs(75),
    max_streams: 100,
    max_header_bytes: 64 * 1024,
};

/// A server that is running.
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

    /// With limits that no test runs into.
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

    /// A client that has been answered, on the first of its connections that is.
    pub(crate) async fn admitted(&self) -> Client<TcpStream> {
        let ask = async {
            loop {
                let mut client = self.client().await;
                // The server may close it before anything is sent.
                let sent = client.0.write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n").await;
                if sent.is_ok() && client.answer_or_end().await.is_some_and(|answer| answer.status == 200) {
                    return client;
                }
            }
        };
        tokio::time::timeout(TIMEOUT, ask).await.expect("a place")
    }

    /// Asks the server to stop; the handle resolves when it has.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        self.stop.send(()).expect("a server that is still running");
        self.task
    }
}

/// One connection.
pub(crate) struct Client<Io>(pub(crate) Io);

impl<Io: AsyncRead + AsyncWrite + Unpin> Client<Io> {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.expect("a connection that takes bytes");
        self.0.flush().await.expect("a connection that takes bytes");
    }

    /// Sends a GET and returns its answer.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
        self.answer().await
    }

    /// The next answer, whose body is delimited by `Content-Length`.
    pub(crate) async fn answer(&mut self) -> Answer {
        let answer = tokio::time::timeout(TIMEOUT, self.answer_or_end()).await;
        answer.expect("an answer in time").expect("the head of an answer")
    }

    /// The next answer; nothing if the connection ends before its head does.
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

    /// Reads up to this text.
    pub(crate) async fn read_until(&mut self, end: &[u8]) {
        let read = async {
            let mut received = Vec::new();
            while !received.ends_with(end) {
                received.push(self.0.read_u8().await.expect("more to read"));
            }
        };
        tokio::time::timeout(TIMEOUT, read).await.expect("the text in time");
    }

    /// Waits for the server to close the connection, answer or not, and tells how long that took.
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

/// An answer as it was sent.
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
