//! Request ids, HEAD, trailing slashes, `Allow`, large heads and the closing of connections.

use poem::endpoint::{make, make_sync};
use poem::http::{HeaderValue, Method, Version};
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Route};
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use uuid::Uuid;

use super::get;
use crate::dto::Time;
use crate::layers::{RequestId, check_head, close_when_stopping, head_as_get, request_ids, trailing_slash};
use crate::net::testing::Running;
use crate::problem::ApiError;

#[tokio::test]
async fn every_answer_carries_an_id() {
    let tell = make(|request: Request| async move {
        let id = request.data::<RequestId>().expect("an id").0.clone();
        if request.uri().path() == "/" { Ok(id) } else { Err(poem::error::NotFoundError) }
    });
    let endpoint = tell.around(|next, request| request_ids(next, request, Uuid::nil));
    let (long, too_long, made) = ("a".repeat(128), "a".repeat(129), Uuid::nil().to_string());
    for (sent, expected) in [
        (None, made.as_str()),
        (Some("abc-1.2_3"), "abc-1.2_3"),
        (Some(long.as_str()), long.as_str()),
        (Some(too_long.as_str()), made.as_str()),
        (Some(""), made.as_str()),
        (Some("a b"), made.as_str()),
        (Some("a\"b"), made.as_str()),
        (Some("{a}"), made.as_str()),
    ] {
        for path in ["/", "/missing"] {
            let mut request = get(path);
            if let Some(sent) = sent {
                request.headers_mut().insert("x-request-id", sent.parse().expect("a header value"));
            }
            let response = endpoint.get_response(request).await;
            assert_eq!(response.header("x-request-id"), Some(expected), "{sent:?} {path}");
            assert_eq!(response.header("x-operation-id"), Some(expected), "{sent:?} {path}");
            if path == "/" {
                assert_eq!(response.into_body().into_string().await.expect("text"), expected);
            } else {
                assert_eq!(response.status(), 404);
            }
        }
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let route = Route::new().at("/", poem::get(make_sync(|_| "hello".with_header("x-other", "1"))));
    let server = Running::with_default_limits(route.around(head_as_get)).await;
    let mut client = server.client().await;
    client.send("HEAD / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await;
    let mut head = String::new();
    client.0.read_to_string(&mut head).await.expect("text");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.contains("content-length: 5\r\n") && head.contains("x-other: 1\r\n"), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "a body: {head}");
}

#[tokio::test]
async fn head_of_an_answer_without_a_body_has_no_length() {
    for (status, length) in [(200, Some("0")), (204, None), (304, None), (404, Some("0"))] {
        let status = poem::http::StatusCode::from_u16(status).expect("a status");
        let endpoint = make_sync(move |_| status).around(head_as_get);
        let request = Request::builder().method(Method::HEAD).finish();
        assert_eq!(endpoint.get_response(request).await.header("content-length"), length, "{status}");
    }
}

#[tokio::test]
async fn head_of_a_path_without_get_is_refused() {
    let route = Route::new().at("/", poem::post(make_sync(|_| ())));
    let request = Request::builder().method(Method::HEAD).finish();
    assert_eq!(route.around(head_as_get).get_response(request).await.status(), 405);
}

#[tokio::test]
async fn a_trailing_slash_finds_the_route() {
    let route = Route::new().at("/", poem::get(make_sync(|_| "root"))).nest(
        "/api",
        Route::new().at("/a", poem::get(make_sync(|request: Request| request.uri().to_string()))),
    );
    let endpoint = route.around(trailing_slash);
    for (path, expected) in [("/", "root"), ("/api/a", "/a"), ("/api/a/?b=/", "/a?b=/")] {
        let response = endpoint.get_response(get(path)).await;
        assert_eq!(response.into_body().into_string().await.expect("text"), expected, "{path}");
    }
    assert_eq!(endpoint.get_response(get("/api/a//")).await.status(), 404);
}

#[tokio::test]
async fn a_head_is_checked_for_its_size_its_host_and_repetitions() {
    let long = "a".repeat(1000);
    let host = ("host", "test");
    for (path, fields, expected) in [
        ("/", &[host][..], None),
        ("/", &[host, ("a", &long)], Some((431, ""))),
        (&format!("/?{long}"), &[host], Some((431, ""))),
        ("/", &[], Some((400, "Host required"))),
        ("/", &[host, host], Some((400, "Host unique"))),
        ("/", &[("host", "a b")], Some((400, "Host format"))),
        ("/", &[("host", "[::1]:8000")], None),
        ("/", &[host, ("if-match", "\"1\""), ("if-none-match", "*"), ("idempotency-key", "a")], None),
        (
            "/",
            &[host, ("idempotency-key", "a"), ("idempotency-key", "a")],
            Some((400, "Idempotency-Key unique")),
        ),
        ("/", &[host, ("if-match", "\"1\""), ("if-match", "\"2\"")], Some((400, "If-Match unique"))),
        ("/", &[host, ("if-none-match", "schlüssel")], Some((400, "If-None-Match format"))),
    ] {
        let mut request = Request::builder().uri(path.parse().expect("a URI")).finish();
        for (name, value) in fields {
            request.headers_mut().append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        let refused = match check_head(&request, 1000) {
            Ok(()) => None,
            Err(refusal) => Some(told(refusal).await),
        };
        let refused = refused.as_ref().map(|(status, faults)| (*status, faults.as_str()));
        assert_eq!(refused, expected, "{path} {fields:?}");
    }
    // The address `/`, and two header fields, each with a name, a value and four bytes around them.
    let exact = Request::builder().header("host", "test").header("a", "a".repeat(1000 - 1 - 12 - 5)).finish();
    assert!(check_head(&exact, 1000).is_ok() && check_head(&exact, 999).is_err());
    let mut old = Request::builder().version(Version::HTTP_10).finish();
    assert!(check_head(&old, 1000).is_ok(), "HTTP/1.0 needs no host");
    old.headers_mut().insert("host", HeaderValue::from_static("test"));
    assert!(check_head(&old, 1000).is_ok());
}

/// Returns the status of a refusal, and each faulty field with the rule that it violates.
async fn told(refusal: ApiError) -> (u16, String) {
    let answer = refusal.into_answer("/", "test", Time(chrono::DateTime::UNIX_EPOCH));
    let status = answer.status().as_u16();
    let problem = answer.into_body().into_json::<serde_json::Value>().await.expect("JSON");
    let faults = problem["errors"].as_array().into_iter().flatten();
    let faults = faults.map(|fault| {
        [&fault["field"], &fault["constraint"]].map(|text| text.as_str().unwrap_or_default()).join(" ")
    });
    (status, faults.collect::<Vec<_>>().join(","))
}

#[tokio::test]
async fn connections_end_with_the_next_answer_once_the_process_stops() {
    let (stop, stopping) = watch::channel(false);
    let endpoint = make_sync(|_| "done")
        .around(move |next, request| close_when_stopping(next, request, stopping.clone()));
    let server = Running::with_default_limits(endpoint).await;
    let mut client = server.client().await;
    assert_eq!(client.get("/").await.header("connection"), None);
    stop.send(true).expect("a layer that listens");
    assert_eq!(client.get("/").await.header("connection"), Some("close"));
    client.closed().await;
}
