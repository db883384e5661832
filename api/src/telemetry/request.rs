//! The context of the current request, and its log line.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use poem::http::{Method, Uri};
use tracing::Instrument;

/// The maximum length of a query in the log, in characters.
const MAX_QUERY: usize = 200;

/// Whether log lines are text for people instead of JSON.
static TEXT: AtomicBool = AtomicBool::new(false);

/// Switches to log lines for people.
pub(super) fn set_logs_text() {
    TEXT.store(true, Ordering::Relaxed);
}

/// Whether the log is text for people and includes more than warnings.
pub(crate) fn logs_text() -> bool {
    TEXT.load(Ordering::Relaxed) && tracing::enabled!(tracing::Level::INFO)
}

/// The context of the request that the current task handles.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    request_id: String,
    trace: Option<(String, String)>,
    caller: OnceLock<String>,
    /// Whether the request waits for changes, as the client requested.
    waiting: AtomicBool,
}

tokio::task_local! {
    static CURRENT: RequestContext;
}

impl RequestContext {
    /// Creates the context of the request with this id. `trace` is the ids of its trace and its span as hexadecimal
    /// digits, if it is traced.
    pub(crate) fn new(request_id: String, trace: Option<(String, String)>) -> Self {
        Self(Arc::new(Inner { request_id, trace, caller: OnceLock::new(), waiting: AtomicBool::new(false) }))
    }

    /// Runs `work` in this context.
    pub(crate) async fn run<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Wraps `work` so that another task can run it in the current context and span.
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

    /// Returns the id of the current request, which its response contains.
    pub(crate) fn request_id() -> Option<String> {
        Self::current().map(|context| context.0.request_id.clone())
    }

    /// Returns the ids of the current trace and span.
    pub(super) fn trace() -> Option<(String, String)> {
        Self::current()?.0.trace.clone()
    }

    /// Returns the caller of the current request, if it is already known.
    fn caller() -> Option<String> {
        Self::current()?.0.caller.get().cloned()
    }

    /// Records that the current request waits for changes, so its duration does not measure the service.
    pub(crate) fn set_waiting() {
        if let Some(context) = Self::current() {
            context.0.waiting.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the current request waits for changes.
    pub(crate) fn is_waiting() -> bool {
        Self::current().is_some_and(|context| context.0.waiting.load(Ordering::Relaxed))
    }

    /// Records the caller of the current request.
    pub(crate) fn set_caller(caller: &str) {
        if let Some(context) = Self::current() {
            // A request is authenticated only once.
            let _ = context.0.caller.set(caller.to_owned());
        }
    }
}

/// The properties of a request that are logged when it has been answered.
pub(crate) struct RequestLog {
    pub(crate) started: Instant,
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// The address of the peer.
    pub(crate) peer: Option<SocketAddr>,
    /// The id of the operation, if the request matches one.
    pub(crate) operation: Option<&'static str>,
}

impl RequestLog {
    /// Logs the answered request, in its context: all fields as JSON, or the most important ones if `text`. `code` is
    /// the code of the problem in the response.
    pub(crate) fn log(&self, status: u16, code: Option<&str>, elapsed: Duration, text: bool) {
        let (method, path) = (self.method.as_str(), self.uri.path());
        let query = self.uri.query().map(|query| query.chars().take(MAX_QUERY).collect::<String>());
        let duration_ms = (elapsed.as_secs_f64() * 1e6).round() / 1e3;
        let (caller, request_id) = (RequestContext::caller(), RequestContext::request_id());
        if text {
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            // The id is needed only to inquire about a refused request.
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

    /// A writer that keeps its input.
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

    /// Returns the line of text that is logged for a request of `ada` to this address.
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
