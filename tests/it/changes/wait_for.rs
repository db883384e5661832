use crate::harness::{Answer, TestApp, report};
use crate::statuses::href;
use serde_json::json;
use std::time::{Duration, Instant};

crate::engines![
    an_answer_comes_as_soon_as_the_resource_matches,
    an_answer_comes_after_the_time_though_it_does_not_match,
    it_is_not_found_as_soon_as_it_is_gone,
    what_cannot_be_waited_for_is_refused,
];

const READY: (&str, &str) = ("wait_for", "status.phase='Ready'");

async fn an_answer_comes_as_soon_as_the_resource_matches(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(cluster["id"].as_str().expect("an id")).create().await;
    for resource in [&cluster, &pool] {
        let wait = app.list(href(resource), &[READY, ("timeout", "60")]);
        let make = async {
            app.patch(href(resource), json!({"labels": {"a": "b"}})).await.status(200);
            app.report(href(resource), report("dns", 2, &[("Available", "True")])).await.status(201);
        };
        let (answer, ()) = tokio::join!(wait, make);
        assert_eq!(answer.status(200).header("hyperfleet-waited"), "matched");
        assert_eq!(answer.at("/status/phase"), "Ready");
        let at_once = app.list(href(resource), &[READY, ("fields", "name")]).await;
        assert_eq!(at_once.status(200).header("hyperfleet-waited"), "matched");
        assert_eq!(at_once.body.as_object().map(|shown| shown.len()), Some(2));
        let tag = answer.header("etag").to_owned();
        let known = app.request("GET", href(resource)).query(&[READY]).header("If-None-Match", tag);
        assert_eq!(Answer::of(known).await.status(304).header("hyperfleet-waited"), "matched");
        assert_eq!(app.get(href(resource)).await.header("hyperfleet-waited"), "");
    }
}

async fn an_answer_comes_after_the_time_though_it_does_not_match(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let started = Instant::now();
    let answer = app.list(href(&cluster), &[READY, ("timeout", "1")]).await;
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(answer.status(200).header("hyperfleet-waited"), "timeout");
    assert_eq!(answer.body, cluster);
}

async fn it_is_not_found_as_soon_as_it_is_gone(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let wait = app.list(href(&cluster), &[READY, ("timeout", "60")]);
    let (answer, _) = tokio::join!(wait, app.delete(href(&cluster)));
    answer.problem(404, "HYPERFLEET-NTF-001");
}

async fn what_cannot_be_waited_for_is_refused(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    app.list(href(&cluster), &[("wait_for", "nope")]).await.problem(400, "HYPERFLEET-VAL-005");
    app.list(href(&cluster), &[READY, ("timeout", "61")]).await.problem(400, "HYPERFLEET-VAL-000");
    app.list(href(&cluster), &[READY, ("timeout", "0")]).await.problem(400, "HYPERFLEET-VAL-000");
}
