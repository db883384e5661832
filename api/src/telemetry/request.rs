//! What is known everywhere within a request, and the one line that the log has for each.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use poem::http::{Method, Uri};
use tracing::Instrument;

/// The longest part of a query that is written, in characters.
const MAX_QUERY: usize = 200;

/// Whether lines are for people rather than for machines.
static TEXT: AtomicBool = AtomicBool::new(false);

/// Writes short lines from now on.
pub(super) fn set_text() {
    TEXT.store(true, Ordering::Relaxed);
}

/// Whether the log is read by a person who wants to know more than of warnings.
pub(crate) fn is_text() -> bool {
    TEXT.load(Ordering::Relaxed) && tracing::enabled!(tracing::Level::INFO)
}

/// The request that the current task works on.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext(Arc<Fields>);

#[derive(Debug)]
struct Fields {
    request_id: String,
    trace: Option<(String, String)>,
    caller: OnceLock<String>,
    /// Whether it waiting because it asked to.
    waiting: AtomicBool,
}

tokio::task_local! {
    static CURRENT: RequestContext;
}

impl RequestContext {
    /// The context of the request with this id, and with these ids of a trace and a span, as hexadecimal digits, if it
    /// is traced.
    pub(crate) fn new(request_id: String, trace: Option<(String, String)>) -> Self {
        Self(Arc::new(Fields { request_id, trace, caller: OnceLock::new(), waiting: AtomicBool::new(false) }))
    }

    /// Runs `work` in this context.
    pub(crate) async fn run<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// `work`, to be run elsewhere in the context and in the span that are current here.
    pub(crate) fn inherited<F: Future>(work: F) -> impl Future<Output = F::Output> {
        let context = Self::current();
        let work = work.in_current_span();
        async move {
            match context {
                Some(context) => context.run(work).await,
                None => work.await,
            }
        }
    }

    fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// The id of the current request, as its answer carries it.
    pub(crate) fn request_id() -> Option<String> {
        Self::current().map(|context| context.0.request_id.clone())
    }

    /// The ids of the current trace and span.
    pub(super) fn trace() -> Option<(String, String)> {
        Self::current()?.0.trace.clone()
    }

    /// Who the caller of the current request is, if that is known yet.
    fn caller() -> Option<String> {
        Self::current()?.0.caller.get().cloned()
    }

    /// Notes that the current request waits because it asked to: how long it takes then says nothing of the service.
    pub(crate) fn set_waiting() {
        if let Some(context) = Self::current() {
            context.0.waiting.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the current request waiting because it asked to.
    pub(crate) fn is_waiting() -> bool {
        Self::current().is_some_and(|context| context.0.waiting.load(Ordering::Relaxed))
    }

    /// Notes who the caller of the current request is.
    pub(crate) fn set_caller(caller: &str) {
        if let Some(context) = Self::current() {
            // A request is authenticated once.
            let _ = context.0.caller.set(caller.to_owned());
        }
    }
}

/// What is remembered of a request while it is handled.
pub(crate) struct RequestLog {
    pub(crate) started: Instant,
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// The other end of the connection.
    pub(crate) peer: Option<SocketAddr>,
    /// The id of the operation, if it is one.
    pub(crate) operation: Option<&'static str>,
}

impl RequestLog {
    /// Writes what the log says of the request when it has been answered, in its context: all of it for machines, what
    /// matters most for `people`. `code` is that of the problem that was answered.
    pub(crate) fn log(&self, status: u16, code: Option<&str>, elapsed: Duration, text: bool) {
        let (method, path) = (self.method.as_str(), self.uri.path());
        let query = self.uri.query().map(|query| query.chars().take(MAX_QUERY).collect::<String>());
        let duration_ms = (elapsed.as_secs_f64() * 1e6).round() / 1e3;
        let (caller, request_id) = (RequestContext::caller(), RequestContext::request_id());
        if text {
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            // Who asks about a refusal names it by its id.
            let request_id = request_id.filter(|_| code.is_some());
            tracing::info!(code, caller, request_id, "{method} {path}{query} {status} {duration_ms} ms");
        } else {
            let operation = self.operation.unwrap_or("none");
            let peer = self.peer.map(|peer| peer.to_string());
            tracing::info!(
                request_id,
                operation,
                method,
                path,
                query,
                status,
                code,
                caller,
                peer,
                duration_ms,
                "request"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Write};
    use std::sync::Mutex;

    /// Keeps what is written.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("what is kept").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The line for people about a request of `ada` for this address.
    fn line(address: &str, status: u16, code: Option<&str>) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let text = tracing_subscriber::fmt().with_ansi(false).with_target(false).without_time();
        let context = RequestContext::new("4711".to_owned(), None);
        tracing::subscriber::with_default(text.with_writer(move || writer.clone()).finish(), || {
            let log = RequestLog {
                started: Instant::now(),
                id: "4711".to_owned(),
                method: Method::GET,
                uri: address.parse().expect("an address"),
                peer: Some(([127, 0, 0, 1], 4000).into()),
                operation: None,
            };
            CURRENT.sync_scope(context, || {
                RequestContext::set_caller("ada");
                log.log(status, code, Duration::from_nanos(27_242_823), true);
            });
        });
        let kept = kept.0.lock().expect("what is kept").clone();
        String::from_utf8(kept).expect("text")
    }

    #[test]
    fn lines_for_people_are_short() {
        assert_eq!(line("/a?size=1", 200, None), " INFO GET /a?size=1 200 27.243 ms caller=\"ada\"\n");
        assert_eq!(
            line("/a", 400, Some("HYPERFLEET-VAL-005")),
            " INFO GET /a 400 27.243 ms code=\"HYPERFLEET-VAL-005\" caller=\"ada\" request_id=\"4711\"\n"
        );
        let long = line(&format!("/a?{}", "x".repeat(500)), 200, None);
        assert_eq!(long.matches('x').count(), MAX_QUERY, "{long}");
    }
}
