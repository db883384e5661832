//! Pages with large items: a page ends before its items exceed the maximum number of bytes.

use crate::harness::{Answer, Engine, TestApp, report};
use crate::statuses::href;
use chrono::TimeDelta;
use serde_json::{Value, json};

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];
const KIB: usize = 1024;

/// Creates clusters `c-00`, `c-01`, … one second apart, each with a spec of this size.
async fn large(app: &TestApp, count: usize, bytes: usize) {
    for number in 0..count {
        app.advance(TimeDelta::seconds(1));
        app.a_cluster()
            .named(&format!("c-{number:02}"))
            .spec(json!({"text": "x".repeat(bytes)}))
            .create()
            .await;
    }
}

/// Asserts that a page ended early, and returns the number of its items.
#[track_caller]
fn cut(list: &Answer, asked: usize) -> usize {
    let items = list.status(200).at("/items").as_array().expect("items").len();
    assert_eq!(list.at("/size"), items);
    assert!(items < asked, "{items} of {asked}");
    assert!(list.at("/next").is_string());
    items
}

/// Returns the `key` field of all items on all pages, and the number of pages.
async fn walk(app: &TestApp, path: &str, key: &str, parameters: &[(&str, &str)]) -> (Vec<Value>, usize) {
    let (mut keys, mut cursor) = (Vec::new(), String::new());
    for pages in 1..100 {
        let mut all = parameters.to_vec();
        all.push(("cursor", &cursor));
        let list = app.list(path, &all).await;
        let items = list.status(200).at("/items").as_array().expect("items");
        assert!(!items.is_empty() && *list.at("/size") == items.len(), "{}", list.text);
        keys.extend(items.iter().map(|item| item[key].clone()));
        match list.body["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return (keys, pages),
        }
    }
    panic!("the walk does not end");
}

fn names(count: usize) -> Vec<Value> {
    (0..count).map(|number| json!(format!("c-{number:02}"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_ends_where_its_items_would_take_more_bytes_than_a_page_may() {
    for engine in ENGINES {
        let app = TestApp::with(engine, &[("HYPERFLEET_SERVER_MAX_PAGE_BYTES", "100KiB")]).await;
        large(&app, 11, 30 * KIB).await;
        let list = app.list("clusters", &[("order", "name")]).await;
        assert_eq!((cut(&list, 11), list.at("/total")), (3, &json!(11)));
        assert!(list.text.len() <= 100 * KIB, "{}", list.text.len());
        for order in ["created_time", "updated_time, name desc", "generation desc, name"] {
            let asked = [("order", order), ("search", "name like 'c-%'")];
            let (found, pages) = walk(&app, "clusters", "name", &asked).await;
            assert_eq!((found, pages), (names(11), 4), "{engine:?}, {order}");
        }
        // The selection of fields does not affect where a page ends.
        let parts = app.list("clusters", &[("order", "name"), ("fields", "name"), ("total", "false")]).await;
        cut(&parts, 11);
        let (found, pages) = walk(&app, "clusters", "name", &[("order", "name"), ("size", "2")]).await;
        assert_eq!((found, pages), (names(11), 6), "{engine:?}: size ends a page earlier");
        let exact = app.list("clusters", &[("search", "name < 'c-03'")]).await;
        assert_eq!((exact.status(200).at("/size"), exact.body.get("next")), (&json!(3), None));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_has_an_item_however_large() {
    for engine in ENGINES {
        let app = TestApp::with(engine, &[("HYPERFLEET_SERVER_MAX_PAGE_BYTES", "1KiB")]).await;
        large(&app, 3, 8 * KIB).await;
        let (found, pages) = walk(&app, "clusters", "name", &[("order", "name")]).await;
        assert_eq!((found, pages), (names(3), 3), "{engine:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_reports_ends_there_too() {
    for engine in ENGINES {
        let app = TestApp::with(engine, &[("HYPERFLEET_SERVER_MAX_PAGE_BYTES", "100KiB")]).await;
        let cluster = app.a_cluster().create().await;
        for number in 0..8 {
            let mut body = report(&format!("a{number}"), 1, &[("Available", "True")]);
            let field = if number % 2 == 0 { "data" } else { "metadata" };
            body[field] = json!({"text": "x".repeat(30 * KIB)});
            app.report(href(&cluster), body).await.status(201);
        }
        let path = format!("{}/statuses", href(&cluster));
        assert_eq!(cut(&app.list(&path, &[("order", "adapter")]).await, 8), 3);
        let (found, pages) = walk(&app, &path, "adapter", &[("order", "adapter")]).await;
        let adapters: Vec<Value> = (0..8).map(|number| json!(format!("a{number}"))).collect();
        assert_eq!((found, pages), (adapters, 3), "{engine:?}");
    }
}

/// The memory limit allows one page at a time. Requests that exceed it wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_pages_that_are_asked_for_at_once_are_all_answered_alike() {
    let settings =
        [("HYPERFLEET_SERVER_MAX_PAGE_BYTES", "1MiB"), ("HYPERFLEET_SERVER_MAX_PAGE_MEMORY", "1MiB")];
    for engine in ENGINES {
        let app = TestApp::with(engine, &settings).await;
        large(&app, 30, 50 * KIB).await;
        let first = app.list("clusters", &[("order", "name")]).await;
        let size = cut(&first, 30);
        let asked = (0..12).map(|_| app.list("clusters", &[("order", "name")]));
        for list in futures_util::future::join_all(asked).await {
            assert_eq!(cut(&list, 30), size, "{engine:?}");
            assert_eq!(list.names(), first.names());
        }
        let unread = app.request("GET", "clusters").send().await.expect("an answer that is not read");
        app.list("clusters", &[("size", "3")]).await.status(200);
        drop(unread);
    }
}
