//! The listening sockets.

use std::io;
use std::io::ErrorKind::{
    AddrNotAvailable, ConnectionAborted, ConnectionReset, Interrupted, NotFound, Unsupported,
};
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// How long accepting rests after a failure that concerns the process and not one connection. A full
/// table of file descriptors does not empty faster by asking for another one.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);

/// At most one log line about failing accepts in this time.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// One listening socket for each address of a host name, all on one port.
#[derive(Debug)]
pub struct Sockets {
    listeners: Vec<TcpListener>,
    last_logged: Option<Instant>,
}

impl Sockets {
    /// Binds `port` on every address of `host`. With port 0 the kernel chooses a free one.
    ///
    /// Every address, because `localhost` names both 127.0.0.1 and ::1, and clients try either. An
    /// address that this machine does not have (IPv6 switched off) is skipped if another one is left.
    ///
    /// # Errors
    /// When the name does not resolve, when no address is left, or when binding fails for any other
    /// reason, such as a port that is taken.
    pub async fn bind(host: &str, mut port: u16) -> io::Result<Self> {
        let mut listeners = Vec::new();
        let mut bound: Vec<SocketAddr> = Vec::new();
        let mut missing = io::Error::new(NotFound, "the host name has no address");
        for mut address in tokio::net::lookup_host((host, port)).await? {
            address.set_port(port);
            if bound.contains(&address) {
                continue;
            }
            match TcpListener::bind(address).await {
                Ok(listener) => {
                    let address = listener.local_addr()?;
                    port = address.port();
                    bound.push(address);
                    listeners.push(listener);
                }
                Err(error) if matches!(error.kind(), AddrNotAvailable | Unsupported) => missing = error,
                Err(error) => return Err(error),
            }
        }
        if listeners.is_empty() {
            return Err(missing);
        }
        Ok(Self { listeners, last_logged: None })
    }

    /// The addresses that are listened on, with their real port.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        // A socket that is bound has an address.
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// The port that all of them listen on.
    pub fn port(&self) -> u16 {
        self.addresses().first().map_or(0, SocketAddr::port)
    }

    /// Waits for a connection on any of the sockets. Failures are logged and waited out, never returned:
    /// there is nothing to do but to try again. Dropping the future loses no connection.
    pub(super) async fn accept(&mut self) -> TcpStream {
        loop {
            match self.accept_any().await {
                Ok(stream) => {
                    // Small answers are not to be delayed. It fails only when the client has already left.
                    let _ = stream.set_nodelay(true);
                    return stream;
                }
                // The client left while it waited to be accepted; the next one may be fine.
                Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) => {}
                Err(error) => {
                    self.log(&error);
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        }
    }

    async fn accept_any(&self) -> io::Result<TcpStream> {
        std::future::poll_fn(|cx| {
            let mut polled = self.listeners.iter().map(|listener| listener.poll_accept(cx));
            let ready = polled.find(Poll::is_ready);
            ready.unwrap_or(Poll::Pending).map_ok(|(stream, _)| stream)
        })
        .await
    }

    fn log(&mut self, error: &io::Error) {
        let now = Instant::now();
        if self.last_logged.is_none_or(|last| now - last >= LOG_INTERVAL) {
            self.last_logged = Some(now);
            tracing::error!(%error, "cannot accept connections, retrying");
        }
    }
}
