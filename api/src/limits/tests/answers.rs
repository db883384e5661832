//! Ids, HEAD, slashes, `Allow`, large heads, closing.

use poem::endpoint::{make, make_sync};
use poem::http::Method;
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Route};
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use uuid::Uuid;

use super::{get, refusal};
use crate::limits::{
    AllowHeader, AllowTable, CloseWhenStopping, HeadAsGet, HeadLimit, Refusal, RequestId, RequestIds,
    TrailingSlash, layer,
};
use crate::net::testing::Running;

#[tokio::test]
async fn every_answer_carries_an_id() {
    let tell = make(|request: Request| async move {
        let id = request.data::<RequestId>().expect("an id").0.clone();
        if request.uri().path() == "/" { Ok(id) } else { Err(poem::error::NotFoundError) }
    });
    let endpoint = tell.with(layer(RequestIds::new(Uuid::nil)));
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
    let server = Running::with_default_limits(route.with(layer(HeadAsGet))).await;
    let mut client = server.client().await;
    client.send("HEAD / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await;
    let mut head = String::new();
    client.0.read_to_string(&mut head).await.expect("text");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.contains("content-length: 5\r\n") && head.contains("x-other: 1\r\n"), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "a body: {head}");
}

#[tokio::test]
async fn head_of_a_path_without_get_is_refused() {
    let route = Route::new().at("/", poem::post(make_sync(|_| ())));
    let request = Request::builder().method(Method::HEAD).finish();
    assert_eq!(route.with(layer(HeadAsGet)).get_response(request).await.status(), 405);
}

#[tokio::test]
async fn a_trailing_slash_finds_the_route() {
    let route = Route::new().at("/", poem::get(make_sync(|_| "root"))).nest(
        "/api",
        Route::new().at("/a", poem::get(make_sync(|request: Request| request.uri().to_string()))),
    );
    let endpoint = route.with(layer(TrailingSlash));
    for (path, expected) in [("/", "root"), ("/api/a", "/a"), ("/api/a/?b=/", "/a?b=/")] {
        let response = endpoint.get_response(get(path)).await;
        assert_eq!(response.into_body().into_string().await.expect("text"), expected, "{path}");
    }
    assert_eq!(endpoint.get_response(get("/api/a//")).await.status(), 404);
}

#[tokio::test]
async fn an_unknown_method_is_told_the_known_ones() {
    let table = AllowTable::new([("/a/{id}", vec![Method::GET, Method::PATCH])]);
    let route = Route::new().at("/a/:id", poem::get(make_sync(|_| "done")).patch(make_sync(|_| "done")));
    let endpoint = route.with(layer(AllowHeader::new(table)));
    for method in [Method::PUT, Method::OPTIONS, Method::TRACE] {
        let request = Request::builder().method(method.clone()).uri_str("/a/1").finish();
        let allow = "GET, HEAD, PATCH".to_owned();
        assert_eq!(refusal(&endpoint, request).await, Refusal::MethodNotAllowed { allow }, "{method}");
    }
    let request = Request::builder().method(Method::PUT).uri_str("/a/1").finish();
    let response = endpoint.get_response(request).await;
    assert_eq!((response.status().as_u16(), response.header("allow")), (405, Some("GET, HEAD, PATCH")));
    assert_eq!(endpoint.get_response(get("/a/1")).await.status(), 200);
    assert_eq!(endpoint.get_response(get("/b")).await.status(), 404);
}

#[tokio::test]
async fn a_large_head_is_refused() {
    let endpoint = make_sync(|_| "done").with(layer(HeadLimit::new(1000)));
    assert!(endpoint.call(get("/")).await.is_ok());
    let refused = Refusal::HeadTooLarge { limit: 1000 };
    assert_eq!(refusal(&endpoint, get(&format!("/?{}", "a".repeat(1000)))).await, refused);
    let mut request = get("/");
    request.headers_mut().insert("a", "a".repeat(1000).parse().expect("a header value"));
    assert_eq!(refusal(&endpoint, request).await, refused);
}

#[tokio::test]
async fn connections_end_with_the_next_answer_once_the_process_stops() {
    let (stop, stopping) = watch::channel(false);
    let endpoint = make_sync(|_| "done").with(layer(CloseWhenStopping::new(stopping)));
    let server = Running::with_default_limits(endpoint).await;
    let mut client = server.client().await;
    assert_eq!(client.get("/").await.header("connection"), None);
    stop.send(true).expect("a layer that listens");
    assert_eq!(client.get("/").await.header("connection"), Some("close"));
    client.closed().await;
}
