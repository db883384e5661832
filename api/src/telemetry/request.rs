//! What is known everywhere within a request, for its log lines.

use tracing::Instrument;

/// The request that the current task works on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// The id of the request, as its answer carries it.
    pub request_id: String,
    /// The trace and the span, as hexadecimal digits; `None` while nothing is traced.
    pub trace: Option<(String, String)>,
}

tokio::task_local! {
    static CURRENT: Scope;
}

impl Scope {
    /// Runs `work` in this scope.
    pub(crate) async fn run<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// `work`, to be run elsewhere in the scope and in the span that are current here.
    pub(crate) fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
        let scope = Self::current(Clone::clone);
        let work = work.in_current_span();
        async move {
            match scope {
                Some(scope) => scope.run(work).await,
                None => work.await,
            }
        }
    }

    /// Hands the scope that is current to `read`, if there is one.
    pub(super) fn current<T>(read: impl FnOnce(&Scope) -> T) -> Option<T> {
        CURRENT.try_with(read).ok()
    }
}
