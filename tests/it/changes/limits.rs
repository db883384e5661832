use super::Follower;
use super::follower::TIMEOUT;
use crate::harness::TestApp;
use crate::statuses::href;
use futures_util::future::join_all;
use serde_json::json;
use std::time::{Duration, Instant};

crate::engines![
    only_so_many_wait_at_a_time,
    who_waits_keeps_no_place_from_those_who_work,
    an_answer_with_nothing_to_tell_is_held_back_only_so_long,
];

const ONE: (&str, &str) = ("HYPERFLEET_CHANGES_MAX_STREAMS", "1");

async fn only_so_many_wait_at_a_time(app: TestApp) {
    let app = app.replica(&[ONE]).await;
    let stream = app.request("GET", "changes").header("Accept", "application/x-ndjson").send().await;
    let stream = stream.expect("a stream");
    assert_eq!(stream.status(), 200);
    let refused = app.list("changes", &[("wait", "1")]).await;
    refused.problem(429, "HYPERFLEET-LMT-001");
    assert_eq!(refused.header("retry-after"), "1");
    app.list("changes", &[]).await.status(200);
    drop(stream);
    // The slot is free once the server has noticed the disconnect.
    let started = Instant::now();
    while app.list("changes", &[("since", "now"), ("wait", "1")]).await.status != 200 {
        assert!(started.elapsed() < TIMEOUT, "the place is never free");
    }
}

/// The server runs one request at a time. Four requests that wait at the same time end long before four that wait one
/// after the other, and they last longer than the timeout of a request.
async fn who_waits_keeps_no_place_from_those_who_work(app: TestApp) {
    let limits = [("HYPERFLEET_SERVER_MAX_IN_FLIGHT", "1"), ("HYPERFLEET_SERVER_REQUEST_TIMEOUT", "2s")];
    let app = app.replica(&limits).await;
    let cluster = app.a_cluster().create().await;
    let position = Follower::start(&app, &[]).await.position;
    let started = Instant::now();
    let polls = (0..4).map(|number| {
        let (app, position, cluster) = (&app, &position, &cluster);
        async move {
            loop {
                let never = ("search", "name='never'");
                let answer = match number % 2 {
                    0 => app.list("changes", &[("since", position), ("wait", "5"), never]).await,
                    _ => app.list(href(cluster), &[("wait_for", "name='never'"), ("timeout", "5")]).await,
                };
                // 503 means that another request was just being started.
                if answer.status != 503 {
                    answer.status(200);
                    return;
                }
            }
        }
    });
    join_all(polls).await;
    let took = started.elapsed();
    assert!((Duration::from_secs(5)..Duration::from_secs(4 * 5)).contains(&took), "{took:?}");
}

async fn an_answer_with_nothing_to_tell_is_held_back_only_so_long(app: TestApp) {
    let position = Follower::now(&app, &[]).await.position;
    let started = Instant::now();
    let answer = app.list("changes", &[("since", &position), ("wait", "1")]).await;
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(
        answer.status(200).body,
        json!({"kind": "ChangeList", "items": [], "next": position, "more": false})
    );
}
