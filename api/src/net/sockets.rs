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

/// The pause after a failure to accept that concerns the process and not one connection. Further attempts do not empty
/// a full table of file descriptors faster.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);

/// The minimum interval between log lines about failures to accept.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// The listening sockets: one for each address of a host name, all on the same port.
#[derive(Debug)]
pub struct Sockets {
    listeners: Vec<TcpListener>,
    last_logged: Option<Instant>,
}

impl Sockets {
    /// Binds `port` on every address of `host`. With port 0 the kernel chooses a free one.
    ///
    /// Every address is bound because `localhost` names both 127.0.0.1 and ::1, and clients try either. An address that
    /// this machine does not have (IPv6 disabled) is skipped if another one remains.
    ///
    /// # Errors
    /// The name does not resolve, no address remains, or binding fails for any other reason, such as a port that is in
    /// use.
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

    /// Returns the addresses of the sockets, with their actual port.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        // A bound socket always has an address.
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Returns the port of all sockets.
    pub fn port(&self) -> u16 {
        self.addresses().first().map_or(0, SocketAddr::port)
    }

    /// Waits for a connection on any of the sockets. Failures are logged and retried, never returned: no other reaction
    /// is possible. Dropping the future loses no connection.
    pub(super) async fn accept(&mut self) -> TcpStream {
        loop {
            match self.accept_any().await {
                Ok(stream) => {
                    // Small responses must not be delayed. This fails only if the client has already disconnected.
                    let _ = stream.set_nodelay(true);
                    return stream;
                }
                // The client disconnected before it was accepted; the next one may succeed.
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
