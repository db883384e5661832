//! Batches requests that arrive at the same time.
//!
//! Most of the cost of a small read or write is the round trip to the database and, for writes, the flush at
//! commit. While one batch is running, requests of the same type queue and form the next batch. An idle service
//! handles each request immediately, in a batch of one.

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

/// The maximum number of requests in a batch.
const MAX_BATCH: usize = 64;
/// The maximum number of requests in the queue.
const MAX_QUEUE: usize = 4096;
/// A batch that runs longer than this counts as slow: another batch may then start beside it.
const SLOW_AFTER: Duration = Duration::from_millis(2);

/// Collects requests of one type into batches. Cheap to clone.
pub(crate) struct Batcher<Q, A>(Arc<Inner<Q, A>>);

struct Inner<Q, A> {
    waiting: Mutex<VecDeque<Pending<Q, A>>>,
    /// One permit for each loop that runs batches.
    permits: Arc<Semaphore>,
    /// One permit for each slow batch whose loop has been replaced by another one.
    slow: Arc<Semaphore>,
    timeout: Duration,
}

/// Handles a batch and returns one answer for each request, in order.
type Run<Q, A> = Arc<dyn Fn(Vec<Q>) -> BoxFuture<'static, Result<Vec<A>>> + Send + Sync>;

struct Pending<Q, A> {
    request: Q,
    /// Identifies the request in the queue, so that it can be removed after the timeout.
    ticket: Arc<()>,
    span: Span,
    reply: oneshot::Sender<Result<A>>,
}

impl<Q: Send + 'static, A: Send + 'static> Batcher<Q, A> {
    /// Creates a batcher that runs up to `concurrency` batches at a time. A request waits up to `timeout` for its
    /// batch to start.
    pub(crate) fn new(concurrency: usize, timeout: Duration) -> Self {
        Self::with_slow(concurrency, 0, timeout)
    }

    /// Like [`Self::new`], but up to `slow` slow batches do not count toward `concurrency`.
    pub(crate) fn with_slow(concurrency: usize, slow: usize, timeout: Duration) -> Self {
        let permits = Arc::new(Semaphore::new(concurrency));
        let slow = Arc::new(Semaphore::new(slow));
        Self(Arc::new(Inner { waiting: Mutex::default(), permits, slow, timeout }))
    }

    /// Submits `request` and returns its answer. `run` handles a batch and returns one answer for each request, in
    /// order. It must be equivalent in all calls: the one of the request that starts a loop handles all batches of the
    /// loop.
    ///
    /// # Errors
    /// [`Error::Overloaded`] if the queue is full or the batch did not start before the timeout,
    /// [`Error::Unavailable`] if the preceding batch got no connection. In these cases the request has no effect,
    /// neither now nor later.
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
            Err(_) if self.0.cancel(&ticket) => return Err(Error::Overloaded),
            Err(_) => answer.await,
        };
        answered.map_err(|_| Error::Internal("a batch ended without an answer".into()))?
    }
}

impl<Q: Send + 'static, A: Send + 'static> Inner<Q, A> {
    fn push(&self, pending: Pending<Q, A>) -> Result<()> {
        let mut queue = self.waiting.lock();
        if queue.len() >= MAX_QUEUE {
            return Err(Error::Overloaded);
        }
        queue.push_back(pending);
        Ok(())
    }

    /// Removes a request from the queue. Returns false if a batch already contains it.
    fn cancel(&self, ticket: &Arc<()>) -> bool {
        let mut queue = self.waiting.lock();
        let place = queue.iter().position(|pending| Arc::ptr_eq(&pending.ticket, ticket));
        place.and_then(|place| queue.remove(place)).is_some()
    }

    /// Sends the answers of a batch. If the batch got no connection, also rejects the queued requests.
    fn finish(&self, finished: Result<Result<Vec<A>>, JoinError>, replies: Vec<oneshot::Sender<Result<A>>>) {
        let answers = finished.unwrap_or_else(|error| Err(Error::Internal(error.to_string())));
        if let Err(error) = &answers
            && error.is_acquire_timeout()
        {
            self.refuse_waiting(error);
        }
        answer(answers, replies);
    }

    /// Rejects the queued requests after a batch got no connection: they would wait for one just as long.
    fn refuse_waiting(&self, error: &Error) {
        loop {
            let batch = self.take();
            if batch.is_empty() {
                return;
            }
            answer(Err(error.clone()), batch.into_iter().map(|pending| pending.reply).collect());
        }
    }

    /// Removes the next batch from the queue. Returns an empty batch if no request waits.
    fn take(&self) -> Vec<Pending<Q, A>> {
        let mut queue = self.waiting.lock();
        let mut batch = Vec::new();
        while batch.len() < MAX_BATCH
            && let Some(pending) = queue.pop_front()
        {
            if !pending.reply.is_closed() {
                batch.push(pending);
            }
        }
        batch
    }

    /// Spawns [`Self::run_batches`], boxed because that function may spawn itself.
    fn spawn(self: Arc<Self>, permit: OwnedSemaphorePermit, run: Run<Q, A>) {
        let working: BoxFuture<'static, ()> = self.run_batches(permit, run).boxed();
        tokio::spawn(working);
    }

    /// Runs batches until the queue is empty, or until a batch is slow: then another loop continues in its place.
    ///
    /// A request that arrives while all permits are taken relies on this loop, so the loop checks the queue once
    /// more after it has released its permit.
    async fn run_batches(self: Arc<Self>, mut permit: OwnedSemaphorePermit, run: Run<Q, A>) {
        loop {
            loop {
                let batch = self.take();
                if batch.is_empty() {
                    break;
                }
                // A statement for several requests appears in one trace only: that of the first request.
                let span = batch[0].span.clone();
                let (requests, replies): (Vec<_>, Vec<_>) =
                    batch.into_iter().map(|pending| (pending.request, pending.reply)).unzip();
                // Runs in a separate task, so that a batch that panics does not end the loop.
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
    // The caller may have disconnected, so a failed send is ignored.
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
