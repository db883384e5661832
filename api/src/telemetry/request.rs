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
static FOR_PEOPLE: AtomicBool = AtomicBool::new(false);

/// Writes short lines from now on.
pub(super) fn write_for_people() {
    FOR_PEOPLE.store(true, Ordering::Relaxed);
}

/// Whether the log is read by a person who wants to know more than of warnings.
pub(crate) fn is_for_people() -> bool {
    FOR_PEOPLE.load(Ordering::Relaxed) && tracing::enabled!(tracing::Level::INFO)
}

/// The request that the current task works on.
#[derive(Clone, Debug)]
pub(crate) struct Scope(Arc<Known>);

#[derive(Debug)]
struct Known {
    request_id: String,
    trace: Option<(String, String)>,
    caller: OnceLock<String>,
    /// Whether it waited because it asked to.
    waited: AtomicBool,
}

tokio::task_local! {
    static CURRENT: Scope;
}

impl Scope {
    /// The scope of the request with this id, and with these ids of a trace and a span, as hexadecimal digits, if it
    /// is traced.
    pub(crate) fn new(request_id: String, trace: Option<(String, String)>) -> Self {
        Self(Arc::new(Known { request_id, trace, caller: OnceLock::new(), waited: AtomicBool::new(false) }))
    }

    /// Runs `work` in this scope.
    pub(crate) async fn run<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// `work`, to be run elsewhere in the scope and in the span that are current here.
    pub(crate) fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
        let scope = Self::current();
        let work = work.in_current_span();
        async move {
            match scope {
                Some(scope) => scope.run(work).await,
                None => work.await,
            }
        }
    }

    fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// The id of the current request, as its answer carries it.
    pub(crate) fn request_id() -> Option<String> {
        Self::current().map(|scope| scope.0.request_id.clone())
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
    pub(crate) fn wait() {
        if let Some(scope) = Self::current() {
            scope.0.waited.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the current request waited because it asked to.
    pub(crate) fn waited() -> bool {
        Self::current().is_some_and(|scope| scope.0.waited.load(Ordering::Relaxed))
    }

    /// Notes who the caller of the current request is.
    pub(crate) fn came_from(caller: &str) {
        if let Some(scope) = Self::current() {
            // A request is authenticated once.
            let _ = scope.0.caller.set(caller.to_owned());
        }
    }
}

/// What is remembered of a request while it is handled.
pub(crate) struct Seen {
    pub(crate) started: Instant,
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// The other end of the connection.
    pub(crate) peer: Option<SocketAddr>,
    /// The id of the operation, if it is one.
    pub(crate) operation: Option<&'static str>,
}

impl Seen {
    /// Writes what the log says of the request when it has been answered, in its scope: all of it for machines, what
    /// matters most for `people`. `code` is that of the problem that was answered.
    pub(crate) fn log(&self, status: u16, code: Option<&str>, elapsed: Duration, people: bool) {
        let (method, path) = (self.method.as_str(), self.uri.path());
        let query = self.uri.query().map(|query| query.chars().take(MAX_QUERY).collect::<String>());
        let duration_ms = (elapsed.as_secs_f64() * 1e6).round() / 1e3;
        let (caller, request_id) = (Scope::caller(), Scope::request_id());
        if people {
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
        let scope = Scope::new("4711".to_owned(), None);
        tracing::subscriber::with_default(text.with_writer(move || writer.clone()).finish(), || {
            let seen = Seen {
                started: Instant::now(),
                id: "4711".to_owned(),
                method: Method::GET,
                uri: address.parse().expect("an address"),
                peer: Some(([127, 0, 0, 1], 4000).into()),
                operation: None,
            };
            CURRENT.sync_scope(scope, || {
                Scope::came_from("ada");
                seen.log(status, code, Duration::from_nanos(27_242_823), true);
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
