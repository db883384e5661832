//! Requests that arrive together are handled together.
//!
//! Most of the cost of a small read or write is the round trip to the database and, for writes, the flush at
//! commit. While one batch is under way, requests of the same sort collect and form the next one. An idle
//! service handles each request at once, in a batch of one.

use crate::error::{Error, Result};
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tracing::{Instrument, Span};

/// The largest batch.
const BATCH: usize = 64;
/// How many requests may wait.
const QUEUE: usize = 4096;

/// Collects requests of one sort. Cheap to clone.
pub(crate) struct Batcher<Q, A>(Arc<Inner<Q, A>>);

struct Inner<Q, A> {
    waiting: Mutex<VecDeque<Pending<Q, A>>>,
    /// One for each batch that may be under way.
    permits: Arc<Semaphore>,
    timeout: Duration,
}

struct Pending<Q, A> {
    request: Q,
    /// Set by the batch that takes the request or by the caller that gives up, whichever is first.
    decided: Arc<AtomicBool>,
    span: Span,
    reply: oneshot::Sender<Result<A>>,
}

impl<Q: Send + 'static, A: Send + 'static> Batcher<Q, A> {
    /// Up to `concurrency` batches run at a time; a request waits up to `timeout` for its batch to start.
    pub(crate) fn new(concurrency: usize, timeout: Duration) -> Self {
        let permits = Arc::new(Semaphore::new(concurrency));
        Self(Arc::new(Inner { waiting: Mutex::default(), permits, timeout }))
    }

    /// Answers `request` as part of a batch. `run` handles a batch: one answer for each request, in order.
    ///
    /// # Errors
    /// [`Error::Overloaded`] if the batch did not start in time, [`Error::Unavailable`] if the batch before got no
    /// connection; then nothing was done and nothing will be.
    pub(crate) async fn submit<F>(&self, request: Q, run: impl Fn(Vec<Q>) -> F + Send + 'static) -> Result<A>
    where
        F: Future<Output = Result<Vec<A>>> + Send + 'static,
    {
        let (reply, mut answer) = oneshot::channel();
        let decided = Arc::new(AtomicBool::new(false));
        let pending = Pending { request, decided: decided.clone(), span: Span::current(), reply };
        self.0.push(pending)?;
        if let Ok(permit) = self.0.permits.clone().try_acquire_owned() {
            tokio::spawn(work_off(self.0.clone(), permit, run));
        }
        let answered = match tokio::time::timeout(self.0.timeout, &mut answer).await {
            Ok(answered) => answered,
            Err(_) if !decided.swap(true, Ordering::AcqRel) => {
                self.0.forget_decided();
                return Err(Error::Overloaded);
            }
            Err(_) => answer.await,
        };
        answered.map_err(|_| Error::Internal("a batch ended without an answer".into()))?
    }
}

impl<Q, A> Inner<Q, A> {
    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<Pending<Q, A>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, pending: Pending<Q, A>) -> Result<()> {
        let mut queue = self.queue();
        if queue.len() >= QUEUE {
            return Err(Error::Overloaded);
        }
        queue.push_back(pending);
        Ok(())
    }

    /// Drops requests whose callers have given up, which may be large.
    fn forget_decided(&self) {
        self.queue().retain(|pending| !pending.decided.load(Ordering::Acquire));
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
        let mut queue = self.queue();
        let wanted = |pending: &Pending<Q, A>| {
            !pending.reply.is_closed() && !pending.decided.swap(true, Ordering::AcqRel)
        };
        let mut batch = Vec::new();
        while batch.len() < BATCH
            && let Some(pending) = queue.pop_front()
        {
            if wanted(&pending) {
                batch.push(pending);
            }
        }
        batch
    }
}

/// Runs batches until no request waits. A request that arrives while all permits are taken relies on this loop, so it
/// checks the queue once more after it has returned its permit.
async fn work_off<Q, A, F>(inner: Arc<Inner<Q, A>>, permit: OwnedSemaphorePermit, run: impl Fn(Vec<Q>) -> F)
where
    F: Future<Output = Result<Vec<A>>> + Send + 'static,
    A: Send + 'static,
{
    let mut permit = Some(permit);
    while permit.is_some() {
        loop {
            let batch = inner.take();
            if batch.is_empty() {
                break;
            }
            // A statement for many shows in one trace: that of the first.
            let span = batch[0].span.clone();
            let (requests, replies): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|pending| (pending.request, pending.reply)).unzip();
            // In a task of its own: a batch that panics must not take the loop with it.
            let answers = tokio::spawn(run(requests).instrument(span)).await;
            let answers = answers.unwrap_or_else(|error| Err(Error::Internal(error.to_string())));
            if let Err(error) = &answers
                && error.is_acquire_timeout()
            {
                inner.refuse_waiting(error);
            }
            answer(answers, replies);
        }
        drop(permit.take());
        if !inner.queue().is_empty() {
            permit = inner.permits.clone().try_acquire_owned().ok();
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

impl<Q, A> fmt::Debug for Batcher<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH, Batcher};
    use crate::error::Error;
    use sea_orm::{ConnAcquireErr, DbErr};
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::sync::{Notify, Semaphore};

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn requests_that_arrive_meanwhile_share_a_batch() {
        let batcher: Batcher<usize, usize> = Batcher::new(1, LONG);
        let gate = Arc::new(Semaphore::new(0));
        let submit = |number: usize| {
            let (batcher, gate) = (batcher.clone(), gate.clone());
            tokio::spawn(async move {
                let run = move |batch: Vec<usize>| {
                    let gate = gate.clone();
                    async move {
                        gate.acquire().await.expect("an open gate").forget();
                        let size = batch.len();
                        Ok(batch.into_iter().map(|number| number * 1000 + size).collect())
                    }
                };
                batcher.submit(number, run).await
            })
        };
        let first = submit(1);
        tokio::task::yield_now().await;
        let rest: Vec<_> = (2..=BATCH + 1).map(&submit).collect();
        tokio::task::yield_now().await;
        gate.add_permits(2);
        assert_eq!(first.await.expect("an end").expect("an answer"), 1001);
        for (number, answer) in (2..).zip(rest) {
            assert_eq!(answer.await.expect("an end").expect("an answer"), number * 1000 + BATCH);
        }
    }

    #[tokio::test]
    async fn a_request_whose_batch_does_not_start_in_time_is_given_up_for_good() {
        let batcher: Batcher<&'static str, ()> = Batcher::new(1, Duration::from_millis(20));
        let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let run = {
            let (entered, leave) = (entered.clone(), leave.clone());
            move |batch: Vec<&'static str>| {
                let (entered, leave) = (entered.clone(), leave.clone());
                async move {
                    assert_eq!(batch, ["slow"], "what was given up is not run");
                    entered.notify_one();
                    leave.notified().await;
                    Ok(vec![()])
                }
            }
        };
        let slow = tokio::spawn({
            let (batcher, run) = (batcher.clone(), run.clone());
            async move { batcher.submit("slow", run).await }
        });
        entered.notified().await;
        let given_up = batcher.submit("late", run).await;
        assert!(matches!(given_up, Err(Error::Overloaded)), "{given_up:?}");
        leave.notify_one();
        slow.await.expect("an end").expect("what has started is waited for, however long it takes");
    }

    #[tokio::test]
    async fn those_behind_a_batch_that_got_no_connection_are_refused_with_it() {
        let batcher: Batcher<&'static str, ()> = Batcher::new(1, LONG);
        let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let submit = |request| {
            let (batcher, entered, leave) = (batcher.clone(), entered.clone(), leave.clone());
            let run = move |batch: Vec<&'static str>| {
                let (entered, leave) = (entered.clone(), leave.clone());
                async move {
                    assert_eq!(batch, ["first"], "those behind are not run");
                    entered.notify_one();
                    leave.notified().await;
                    Err(Error::Unavailable(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)))
                }
            };
            tokio::spawn(async move { batcher.submit(request, run).await })
        };
        let first = submit("first");
        entered.notified().await;
        let behind = ["second", "third"].map(submit);
        tokio::task::yield_now().await;
        assert_eq!(batcher.0.queue().len(), 2);
        leave.notify_one();
        for request in [first].into_iter().chain(behind) {
            let refused = request.await.expect("an end");
            assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
        }
    }
}
