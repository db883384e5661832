//! Requests that arrive together are handled together.
//!
//! Most of the cost of a small read or write is the round trip to the database and, for writes, the flush at
//! commit. While one batch is under way, requests of the same sort collect and form the next one. An idle
//! service handles each request at once, in a batch of one.

use crate::error::{Error, Result};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinError;
use tracing::{Instrument, Span};

/// The largest batch.
const BATCH: usize = 64;
/// How many requests may wait.
const QUEUE: usize = 4096;
/// A batch that takes longer is slow: those behind it need not wait for it.
const SLOW_AFTER: Duration = Duration::from_millis(2);

/// Collects requests of one sort. Cheap to clone.
pub(crate) struct Batcher<Q, A>(Arc<Inner<Q, A>>);

struct Inner<Q, A> {
    waiting: Mutex<VecDeque<Pending<Q, A>>>,
    /// One for each loop that runs batches.
    permits: Arc<Semaphore>,
    /// One for each slow batch in whose place another loop goes on.
    slow: Arc<Semaphore>,
    timeout: Duration,
}

/// Handles a batch: one answer for each request, in order.
type Run<Q, A> = Arc<dyn Fn(Vec<Q>) -> BoxFuture<'static, Result<Vec<A>>> + Send + Sync>;

struct Pending<Q, A> {
    request: Q,
    /// By which the caller that gives up finds the request, unless a batch has taken it.
    ticket: Arc<()>,
    span: Span,
    reply: oneshot::Sender<Result<A>>,
}

impl<Q: Send + 'static, A: Send + 'static> Batcher<Q, A> {
    /// Up to `concurrency` batches run at a time; a request waits up to `timeout` for its batch to start.
    pub(crate) fn new(concurrency: usize, timeout: Duration) -> Self {
        Self::with_slow(concurrency, 0, timeout)
    }

    /// The same, and up to `slow` batches that have become slow do not count.
    pub(crate) fn with_slow(concurrency: usize, slow: usize, timeout: Duration) -> Self {
        let permits = Arc::new(Semaphore::new(concurrency));
        let slow = Arc::new(Semaphore::new(slow));
        Self(Arc::new(Inner { waiting: Mutex::default(), permits, slow, timeout }))
    }

    /// Answers `request` as part of a batch. `run` handles a batch: one answer for each request, in order.
    ///
    /// # Errors
    /// [`Error::Overloaded`] if the batch did not start in time, [`Error::Unavailable`] if the batch before got no
    /// connection; then nothing was done and nothing will be.
    pub(crate) async fn submit<F>(
        &self,
        request: Q,
        run: impl Fn(Vec<Q>) -> F + Send + Sync + 'static,
    ) -> Result<A>
    where
        F: Future<Output = Result<Vec<A>>> + Send + 'static,
    {
        let (reply, mut answer) = oneshot::channel();
        let ticket = Arc::new(());
        let pending = Pending { request, ticket: ticket.clone(), span: Span::current(), reply };
        self.0.push(pending)?;
        if let Ok(permit) = self.0.permits.clone().try_acquire_owned() {
            self.0.clone().spawn(permit, Arc::new(move |batch| run(batch).boxed()));
        }
        let answered = match tokio::time::timeout(self.0.timeout, &mut answer).await {
            Ok(answered) => answered,
            Err(_) if self.0.withdraw(&ticket) => return Err(Error::Overloaded),
            Err(_) => answer.await,
        };
        answered.map_err(|_| Error::Internal("a batch ended without an answer".into()))?
    }
}

impl<Q: Send + 'static, A: Send + 'static> Inner<Q, A> {
    fn push(&self, pending: Pending<Q, A>) -> Result<()> {
        let mut queue = self.waiting.lock();
        if queue.len() >= QUEUE {
            return Err(Error::Overloaded);
        }
        queue.push_back(pending);
        Ok(())
    }

    /// Takes a request back. False if a batch has taken it.
    fn withdraw(&self, ticket: &Arc<()>) -> bool {
        let mut queue = self.waiting.lock();
        let place = queue.iter().position(|pending| Arc::ptr_eq(&pending.ticket, ticket));
        place.and_then(|place| queue.remove(place)).is_some()
    }

    /// Answers the requests of a batch, and those behind it if it got no connection.
    fn finish(&self, finished: Result<Result<Vec<A>>, JoinError>, replies: Vec<oneshot::Sender<Result<A>>>) {
        let answers = finished.unwrap_or_else(|error| Err(Error::Internal(error.to_string())));
        if let Err(error) = &answers
            && error.is_acquire_timeout()
        {
            self.refuse_waiting(error);
        }
        answer(answers, replies);
    }

    /// Answers those who wait behind a batch that got no connection. They would wait for one as long again.
    fn refuse_waiting(&self, error: &Error) {
        loop {
            let batch = self.take();
            if batch.is_empty() {
                return;
            }
            answer(Err(error.clone()), batch.into_iter().map(|pending| pending.reply).collect());
        }
    }

    /// The next batch; empty if no request waits.
    fn take(&self) -> Vec<Pending<Q, A>> {
        let mut queue = self.waiting.lock();
        let mut batch = Vec::new();
        while batch.len() < BATCH
            && let Some(pending) = queue.pop_front()
        {
            if !pending.reply.is_closed() {
                batch.push(pending);
            }
        }
        batch
    }

    /// Starts [`Self::work_off`], boxed because it may start itself.
    fn spawn(self: Arc<Self>, permit: OwnedSemaphorePermit, run: Run<Q, A>) {
        let working: BoxFuture<'static, ()> = self.work_off(permit, run).boxed();
        tokio::spawn(working);
    }

    /// Runs batches until no request waits, or until one is slow: then a loop in its place goes on.
    ///
    /// A request that arrives while all permits are taken relies on this loop, so it checks the queue once more after it has
    /// returned its permit.
    async fn work_off(self: Arc<Self>, mut permit: OwnedSemaphorePermit, run: Run<Q, A>) {
        loop {
            loop {
                let batch = self.take();
                if batch.is_empty() {
                    break;
                }
                // A statement for many shows in one trace: that of the first.
                let span = batch[0].span.clone();
                let (requests, replies): (Vec<_>, Vec<_>) =
                    batch.into_iter().map(|pending| (pending.request, pending.reply)).unzip();
                // In a task of its own: a batch that panics must not take the loop with it.
                let mut running = tokio::spawn(run(requests).instrument(span));
                let finished = match tokio::time::timeout(SLOW_AFTER, &mut running).await {
                    Ok(finished) => finished,
                    Err(_) => match self.slow.clone().try_acquire_owned() {
                        Ok(_slow) => {
                            self.clone().spawn(permit, run);
                            return self.finish(running.await, replies);
                        }
                        Err(_) => running.await,
                    },
                };
                self.finish(finished, replies);
            }
            drop(permit);
            if self.waiting.lock().is_empty() {
                return;
            }
            let Ok(again) = self.permits.clone().try_acquire_owned() else { return };
            permit = again;
        }
    }
}

fn answer<A>(answers: Result<Vec<A>>, replies: Vec<oneshot::Sender<Result<A>>>) {
    // A caller may have left.
    match answers {
        Ok(answers) => answers.into_iter().zip(replies).for_each(|(answer, reply)| {
            let _ = reply.send(Ok(answer));
        }),
        Err(error) => replies.into_iter().for_each(|reply| {
            let _ = reply.send(Err(error.clone()));
        }),
    }
}

impl<Q, A> Clone for Batcher<Q, A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[cfg(test)]
mod tests;
