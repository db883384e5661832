//! The listening sockets.

use std::io;
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

/// A connection as the kernel hands it over.
pub(super) struct Accepted {
    /// The connection itself.
    pub(super) stream: TcpStream,
    /// The address of the client.
    pub(super) peer: SocketAddr,
    /// The address of the socket that took it.
    pub(super) local: SocketAddr,
}

/// One listening socket for each address of a host name, all on one port.
#[derive(Debug)]
pub struct Sockets {
    listeners: Vec<(TcpListener, SocketAddr)>,
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
    pub async fn bind(host: &str, port: u16) -> io::Result<Self> {
        let mut listeners: Vec<(TcpListener, SocketAddr)> = Vec::new();
        let mut missing = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
        for mut address in tokio::net::lookup_host((host, port)).await? {
            if let Some((_, first)) = listeners.first() {
                address.set_port(first.port());
            }
            if listeners.iter().any(|(_, bound)| *bound == address) {
                continue;
            }
            match TcpListener::bind(address).await {
                Ok(listener) => {
                    let bound = listener.local_addr()?;
                    listeners.push((listener, bound));
                }
                Err(error) if is_missing_address(&error) => missing = error,
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
        self.listeners.iter().map(|(_, address)| *address).collect()
    }

    /// The next connection on any of the sockets. Failures are logged and waited out, never returned:
    /// the server would only call again at once. Dropping the future loses no connection.
    pub(super) async fn accept(&mut self) -> Accepted {
        loop {
            match self.accept_any().await {
                Ok(accepted) => return accepted,
                Err(error) if is_gone_peer(&error) => {}
                Err(error) => {
                    self.log(&error);
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        }
    }

    async fn accept_any(&self) -> io::Result<Accepted> {
        std::future::poll_fn(|cx| {
            for (listener, local) in &self.listeners {
                if let Poll::Ready(outcome) = listener.poll_accept(cx) {
                    return Poll::Ready(outcome.map(|(stream, peer)| Accepted {
                        stream,
                        peer,
                        local: *local,
                    }));
                }
            }
            Poll::Pending
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

fn is_missing_address(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
}

/// The client left while it waited to be accepted; the next one may be fine.
fn is_gone_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
