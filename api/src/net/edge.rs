//! The acceptor that the HTTP server takes its connections from.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::crowd::Crowd;
use super::explained::{Explain, Explained};
use super::guard::{Guarded, Watch};
use super::sockets::Sockets;
use super::tls::ServerTls;
use super::transport::Transport;

/// What a listener grants its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections open at a time. Keep it below the limit of open files, and mind that a connection
    /// may make the HTTP parser buffer a head of up to 400 KiB.
    pub max_connections: usize,
    /// Time for a whole request head: from the opening of the connection for the first one, TLS
    /// handshake included, from its first byte for later ones.
    pub header_timeout: Duration,
    /// Time without a byte in either direction. It runs during a request too, so it must be longer than
    /// the longest request may take.
    pub idle_timeout: Duration,
    /// Requests that one HTTP/2 connection may have open at a time. The server's own default is no limit.
    pub max_streams: u32,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            max_streams: 100,
        }
    }
}

/// Accepts connections within [`ConnectionLimits`], with or without TLS.
///
/// A connection beyond `max_connections` is answered 503 at once and closed: left in the kernel's backlog, it would
/// wait without a word for as long as others care to lie idle. Those that do are closed then, to make place.
pub struct Edge {
    sockets: Sockets,
    limits: ConnectionLimits,
    places: Arc<Semaphore>,
    crowd: Crowd,
    tls: Option<ServerTls>,
    explain: Option<Explain>,
}

impl Edge {
    /// An edge over sockets that are already bound.
    pub fn new(sockets: Sockets, limits: ConnectionLimits, tls: Option<ServerTls>) -> Self {
        let places = Arc::new(Semaphore::new(limits.max_connections.min(Semaphore::MAX_PERMITS)));
        Self { sockets, limits, places, crowd: Crowd::new(), tls, explain: None }
    }

    /// What it grants its connections.
    pub(super) fn limits(&self) -> ConnectionLimits {
        self.limits
    }

    /// Has requests that cannot be read, and clients for whom there is no place, answered by `explain`. Every
    /// other answer on this edge must carry `X-Request-ID`, by which the two are told apart.
    pub fn explaining(self, explain: Explain) -> Self {
        Self { explain: Some(explain), ..self }
    }

    fn transport(&self, stream: TcpStream) -> (Transport, Scheme) {
        match &self.tls {
            Some(tls) => (Transport::Handshake(Box::new(tls.accept(stream))), Scheme::HTTPS),
            None => (Transport::Plain(stream), Scheme::HTTP),
        }
    }
}

impl Acceptor for Edge {
    type Io = Guarded<Explained<Transport>>;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.sockets.addresses().into_iter().map(|address| LocalAddr(address.into())).collect()
    }

    async fn accept(&mut self) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, Scheme)> {
        let (accepted, place) = loop {
            let accepted = self.sockets.accept().await;
            match self.places.clone().try_acquire_owned() {
                Ok(place) => break (accepted, place),
                // In the clear nothing can be said to a client that speaks TLS.
                Err(_) => {
                    self.crowd.refuse(accepted.stream, self.explain.as_ref().filter(|_| self.tls.is_none()))
                }
            }
        };
        // It fails only when the client has already left, which the first read will tell.
        let _ = accepted.stream.set_nodelay(true);
        let (transport, scheme) = self.transport(accepted.stream);
        let explained = Explained::new(transport, self.explain.clone());
        let watch = Watch::new(self.limits, self.crowd.asked_to_leave());
        let io = Guarded::new(explained, watch, place);
        Ok((io, LocalAddr(accepted.local.into()), RemoteAddr(accepted.peer.into()), scheme))
    }
}
