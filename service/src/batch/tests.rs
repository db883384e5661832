use super::{Batcher, MAX_BATCH, MAX_QUEUE};
use crate::error::{Error, Result};
use sea_orm::{ConnAcquireErr, DbErr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

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
    let rest: Vec<_> = (2..=MAX_BATCH + 1).map(&submit).collect();
    tokio::task::yield_now().await;
    gate.add_permits(2);
    assert_eq!(first.await.expect("an end").expect("an answer"), 1001);
    for (number, answer) in (2..).zip(rest) {
        assert_eq!(answer.await.expect("an end").expect("an answer"), number * 1000 + MAX_BATCH);
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
    assert_eq!(batcher.0.waiting.lock().len(), 2);
    leave.notify_one();
    for request in [first].into_iter().chain(behind) {
        let refused = request.await.expect("an end");
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    }
}

/// Starts a batch with a single request. The batch runs until `leave` is notified.
async fn busy(batcher: &Batcher<usize, usize>) -> (Arc<Notify>, JoinHandle<Result<usize>>) {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let run = {
        let (entered, leave) = (entered.clone(), leave.clone());
        move |batch: Vec<usize>| {
            let (entered, leave) = (entered.clone(), leave.clone());
            async move {
                if batch == [0] {
                    entered.notify_one();
                    leave.notified().await;
                }
                match batch[0] {
                    FAILS => Err(Error::Internal("it fails".into())),
                    PANICS => panic!("as it is meant to"),
                    _ => Ok(batch),
                }
            }
        }
    };
    let first = tokio::spawn({
        let batcher = batcher.clone();
        async move { batcher.submit(0, run).await }
    });
    entered.notified().await;
    (leave, first)
}

/// Requests whose batches fail or panic.
const FAILS: usize = 1000;
const PANICS: usize = 1001;

/// Waits until `requests` requests are queued.
async fn queued(batcher: &Batcher<usize, usize>, requests: usize) {
    while batcher.0.waiting.lock().len() < requests {
        tokio::task::yield_now().await;
    }
}

/// The handler of requests that arrive while a batch is running. It is never called: the running loop keeps its
/// handler.
async fn not_mine(_: Vec<usize>) -> Result<Vec<usize>> {
    panic!("the loop that is under way runs all batches");
}

#[tokio::test]
async fn a_bounded_number_of_requests_waits() {
    let batcher: Batcher<usize, usize> = Batcher::new(1, LONG);
    let (leave, first) = busy(&batcher).await;
    let waiting: Vec<_> = (1..=MAX_QUEUE)
        .map(|number| {
            let batcher = batcher.clone();
            tokio::spawn(async move { batcher.submit(number % 100, not_mine).await })
        })
        .collect();
    queued(&batcher, MAX_QUEUE).await;
    let refused = batcher.submit(1, not_mine).await;
    assert!(matches!(refused, Err(Error::Overloaded)), "{refused:?}");
    leave.notify_one();
    first.await.expect("an end").expect("an answer");
    for request in waiting {
        request.await.expect("an end").expect("an answer");
    }
}

#[tokio::test]
async fn who_gives_up_or_leaves_takes_no_place_and_no_part() {
    let batcher: Batcher<usize, usize> = Batcher::new(1, Duration::from_millis(20));
    let (leave, first) = busy(&batcher).await;
    let given_up = batcher.submit(FAILS, not_mine).await;
    assert!(matches!(given_up, Err(Error::Overloaded)), "{given_up:?}");
    assert!(batcher.0.waiting.lock().is_empty(), "what was given up may be large");

    let patient: Batcher<usize, usize> = Batcher::new(1, LONG);
    let (leave_too, second) = busy(&patient).await;
    let submit = |number| {
        let batcher = patient.clone();
        tokio::spawn(async move { batcher.submit(number, not_mine).await })
    };
    let (left, stays) = (submit(FAILS), submit(7));
    queued(&patient, 2).await;
    left.abort();
    left.await.expect_err("it has left");
    leave_too.notify_one();
    assert_eq!(stays.await.expect("an end").expect("not the error of who has left"), 7);
    leave.notify_one();
    for end in [first, second] {
        end.await.expect("an end").expect("an answer");
    }
}

#[tokio::test]
async fn a_batch_that_fails_or_panics_concerns_only_its_own() {
    for bad in [FAILS, PANICS] {
        let batcher: Batcher<usize, usize> = Batcher::new(1, LONG);
        let (leave, first) = busy(&batcher).await;
        let submit = |number| {
            let batcher = batcher.clone();
            tokio::spawn(async move { batcher.submit(number, not_mine).await })
        };
        // The first batch contains only failing requests, the next one none.
        let failing: Vec<_> = (0..MAX_BATCH).map(|_| submit(bad)).collect();
        let next = submit(7);
        queued(&batcher, MAX_BATCH + 1).await;
        leave.notify_one();
        for request in failing {
            let failed = request.await.expect("an end");
            assert!(matches!(failed, Err(Error::Internal(_))), "{failed:?}");
        }
        assert_eq!(next.await.expect("an end").expect("an answer"), 7);
        first.await.expect("an end").expect("an answer");
        let (leave, later) = busy(&batcher).await;
        leave.notify_one();
        later.await.expect("an end").expect("an answer");
    }
}

/// A batch that does not end blocks no other batch, unless the maximum number of slow batches is running.
#[tokio::test]
async fn a_slow_batch_holds_up_no_other() {
    let batcher: Batcher<usize, usize> = Batcher::with_slow(1, 1, LONG);
    let (leave, first) = busy(&batcher).await;
    for number in 1..10 {
        assert_eq!(batcher.submit(number, |batch| async { Ok(batch) }).await.expect("an answer"), number);
    }
    leave.notify_one();
    first.await.expect("an end").expect("an answer");
    assert_eq!((batcher.0.permits.available_permits(), batcher.0.slow.available_permits()), (1, 1));
}

/// A request may arrive after the loop has checked the queue for the last time and before it has released its
/// permit.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_is_left_waiting_when_a_loop_ends() {
    const CALLERS: usize = 4;
    const REQUESTS: usize = 20_000;
    let batcher: Batcher<usize, usize> = Batcher::new(1, Duration::from_secs(5));
    let answered = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (batcher, answered) = (batcher.clone(), answered.clone());
            tokio::spawn(async move {
                for number in 0..REQUESTS {
                    batcher.submit(number, |batch| async { Ok(batch) }).await.expect("an answer");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("an end");
    }
    assert_eq!(answered.load(Ordering::Relaxed), CALLERS * REQUESTS);
}
