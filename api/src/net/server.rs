//! Accepts connections and serves HTTP on them.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::uri::Scheme;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, IntoEndpoint};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use super::connection::{Activity, AnswerBody, ConnectionLimits};
use super::sockets::Sockets;
use super::tls::ServerTls;
use crate::problem::RefusalReason;
use crate::telemetry::count_refused;

/// The minimum idle time of a connection before it may be closed to make room for another one.
const MIN_IDLE_TIME: Duration = Duration::from_secs(1);

/// The interval between pings to an HTTP/2 peer, and the maximum time to answer one.
const PING_INTERVAL: Duration = Duration::from_secs(20);

type Failure = Box<dyn Error + Send + Sync>;

/// A port on which an endpoint is served.
pub struct Listener {
    /// The sockets, already bound.
    pub sockets: Sockets,
    /// The certificate; `None` serves plain HTTP.
    pub tls: Option<ServerTls>,
    /// The limits of the connections.
    pub limits: ConnectionLimits,
}

impl Listener {
    /// Serves `endpoint` until `stop` resolves, then drains.
    ///
    /// Draining: no more connections are accepted, idle connections are closed immediately, and requests in flight
    /// finish. Requests that have not finished after `drain` are dropped.
    ///
    /// A connection beyond `max_connections` replaces the one that has been idle longest. If all are busy, the new one
    /// is closed immediately: in the kernel's backlog, its client would wait without any response.
    pub async fn serve<E>(self, endpoint: E, stop: impl Future<Output = ()>, drain: Duration)
    where
        E: IntoEndpoint,
        E::Endpoint: 'static,
    {
        let Self { mut sockets, tls, limits } = self;
        let endpoint = endpoint.into_endpoint();
        let server = Arc::new(Server { http: http(&limits), endpoint, tls, limits });
        let graceful = GracefulShutdown::new();
        let (mut tasks, mut open) = (JoinSet::new(), Vec::new());
        let mut stop = std::pin::pin!(stop);
        loop {
            let stream = tokio::select! {
                stream = sockets.accept() => stream,
                () = &mut stop => break,
            };
            while tasks.try_join_next().is_some() {}
            if !make_room(&mut open, limits.max_connections) {
                count_refused(RefusalReason::Connections);
                continue;
            }
            let activity = Activity::new();
            let serving = server.clone().connection(stream, activity.clone(), graceful.watcher());
            open.push((activity, tasks.spawn(serving)));
        }
        drop(sockets);
        // The remaining connections are dropped with their tasks.
        let _ = timeout(drain, graceful.shutdown()).await;
    }
}

/// Makes room for another connection, if necessary by closing the one that has been idle longest. Returns false if none
/// may be closed.
fn make_room(open: &mut Vec<(Arc<Activity>, AbortHandle)>, max: usize) -> bool {
    if open.len() < max {
        return true;
    }
    open.retain(|(_, task)| !task.is_finished());
    if open.len() < max {
        return true;
    }
    let idle = open.iter().enumerate().filter_map(|(at, (activity, _))| Some((activity.idle_since()?, at)));
    let longest = idle.min().filter(|(since, _)| since.elapsed() >= MIN_IDLE_TIME);
    longest.map(|(_, at)| open.swap_remove(at).1.abort()).is_some()
}

/// Creates the HTTP server of a connection. It has no timers for heads: [`Activity`] applies the timeouts for both HTTP
/// versions.
fn http(limits: &ConnectionLimits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_INTERVAL)
        .max_concurrent_streams(limits.max_streams)
        .max_header_list_size(limits.max_header_bytes);
    builder
}

/// The state that all connections of a listener share.
struct Server<E> {
    http: Builder<TokioExecutor>,
    endpoint: E,
    tls: Option<ServerTls>,
    limits: ConnectionLimits,
}

impl<E: Endpoint + 'static> Server<E> {
    /// Serves a connection until it ends or has been idle for too long.
    async fn connection(self: Arc<Self>, stream: TcpStream, activity: Arc<Activity>, watcher: Watcher) {
        let serving = async {
            let addresses = (LocalAddr(stream.local_addr()?.into()), RemoteAddr(stream.peer_addr()?.into()));
            // Boxed: otherwise each connection would reserve the memory of both variants while it is open.
            match &self.tls {
                Some(tls) => {
                    let stream = Box::pin(tls.accept(stream)).await?;
                    Box::pin(self.requests(stream, Scheme::HTTPS, addresses, &activity, watcher)).await
                }
                None => Box::pin(self.requests(stream, Scheme::HTTP, addresses, &activity, watcher)).await,
            }
        };
        tokio::select! {
            outcome = serving => if let Err(error) = outcome {
                tracing::debug!(error, "connection failed");
            },
            () = activity.expired(&self.limits) => tracing::debug!("idle connection closed"),
        }
    }

    async fn requests(
        self: &Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        scheme: Scheme,
        (local, remote): (LocalAddr, RemoteAddr),
        activity: &Arc<Activity>,
        watcher: Watcher,
    ) -> Result<(), Failure> {
        let service = service_fn(|request: Request<Incoming>| {
            let busy = activity.begin();
            let request = poem::Request::from((request, local.clone(), remote.clone(), scheme.clone()));
            let (server, activity) = (self.clone(), activity.clone());
            // Boxed: hyper reserves the memory of this future for as long as the connection lives, which is long for a
            // stream of changes.
            Box::pin(async move {
                let answer = Response::from(server.endpoint.get_response(request).await);
                drop(busy);
                Ok::<_, Infallible>(answer.map(|body| AnswerBody::new(body, activity)))
            })
        });
        watcher.watch(self.http.serve_connection(TokioIo::new(stream), service)).await
    }
}
