//! Requests that exceed the limits of number or time, or panic.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics_exporter_prometheus::PrometheusBuilder;
use poem::endpoint::{make, make_sync};
use poem::{Endpoint, EndpointExt, Request};
use tokio::sync::Semaphore;

use super::{documented, get, refusal};
use crate::layers::{admit, catch_panic, deadline};
use crate::net::testing::{Running, TIMEOUT};
use crate::problem::RefusalReason;

const PLACES: usize = 4;

/// A handler that signals its start and waits at `/slow` until the gate opens.
fn gated(entered: Arc<Semaphore>, gate: Arc<Semaphore>) -> impl Endpoint + 'static {
    make(move |request: Request| {
        let (entered, gate) = (entered.clone(), gate.clone());
        async move {
            if request.uri().path() == "/slow" {
                entered.add_permits(1);
                let _open = gate.acquire().await.expect("a gate");
            }
            "done"
        }
    })
}

#[tokio::test]
async fn excess_is_refused_at_once_and_the_admitted_are_served() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let places = Arc::new(Semaphore::new(PLACES));
    let endpoint = gated(entered.clone(), gate.clone())
        .around(move |next, request| admit(next, request, places.clone()))
        .around(documented);
    let server = Running::with_default_limits(endpoint).await;

    let mut admitted = Vec::new();
    for _ in 0..PLACES {
        let mut client = server.client().await;
        client.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n").await;
        admitted.push(client);
    }
    let _all = entered.acquire_many(PLACES as u32).await.expect("a counter");
    assert!(metrics.render().contains("hyperfleet_api_requests_in_flight 4"), "{}", metrics.render());

    // If these requests were queued, each would wait until the gate opens or for some time.
    let start = Instant::now();
    for _ in 0..50 {
        let mut client = server.client().await;
        let answer = client.get("/").await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    }
    assert!(start.elapsed() < TIMEOUT, "{:?}", start.elapsed());

    gate.add_permits(PLACES);
    for mut client in admitted {
        assert_eq!(client.answer().await.text(), "done");
    }
    assert_eq!(server.client().await.get("/").await.status, 200, "there is room again");
    assert!(metrics.render().contains("hyperfleet_api_requests_in_flight 0"), "{}", metrics.render());
}

#[tokio::test]
async fn a_request_that_is_dropped_gives_its_place_back() {
    let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let places = Arc::new(Semaphore::new(1));
    let endpoint = gated(entered, gate).around(move |next, request| admit(next, request, places.clone()));
    let mut request = Box::pin(endpoint.call(get("/slow")));
    assert!(futures_util::poll!(request.as_mut()).is_pending());
    assert_eq!(refusal(&endpoint, get("/")).await.refused_by, Some(RefusalReason::Overloaded));
    drop(request);
    assert!(endpoint.call(get("/")).await.is_ok());
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_dropped() {
    let dropped = Arc::new(Semaphore::new(0));
    let seen = dropped.clone();
    let endpoint = make(move |_| {
        let guard = Signal(seen.clone());
        async move {
            std::future::pending::<()>().await;
            drop(guard);
        }
    })
    .around(|next, request| deadline(next, request, Duration::from_millis(100)));
    let refused = refusal(&endpoint, get("/")).await;
    assert_eq!((refused.status.as_u16(), refused.refused_by), (504, Some(RefusalReason::DeadlinePassed)));
    assert_eq!(dropped.available_permits(), 1, "the handler is gone");
}

/// Signals when it is dropped.
struct Signal(Arc<Semaphore>);

impl Drop for Signal {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

#[tokio::test]
async fn a_panic_is_a_refusal_and_the_next_request_is_served() {
    let endpoint = make_sync(|request: Request| {
        assert_ne!(request.uri().path(), "/panic", "asked for");
        "done"
    });
    let server = Running::with_default_limits(endpoint.around(catch_panic).around(documented)).await;
    let mut client = server.client().await;
    let answer = client.get("/panic").await;
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("HYPERFLEET-INT-001") && !answer.text().contains("asked for"));
    assert_eq!(client.get("/").await.text(), "done");
}
