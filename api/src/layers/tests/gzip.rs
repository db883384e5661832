//! Compression of responses.

use std::io::Read;

use flate2::read::GzDecoder;
use poem::endpoint::make;
use poem::http::{HeaderMap, Method};
use poem::{Body, Endpoint, EndpointExt, Request, Response};

use crate::layers::gzip;

/// An endpoint that returns the status, header fields and body size that the request specifies.
fn made_to_order() -> impl Endpoint<Output = Response> {
    let endpoint = make(|request: Request| async move {
        let field = |name| request.header(name).unwrap_or_default().to_owned();
        let size = field("size").parse().expect("a size");
        let mut response = Response::builder().status(field("status").parse().expect("a status"));
        for name in ["content-type", "etag", "content-encoding"] {
            if let Some(value) = request.header(name) {
                response = response.header(name, value);
            }
        }
        response.body("a".repeat(size))
    });
    endpoint.around(gzip)
}

/// The response to a request for a JSON document of 2 KiB by a client that accepts gzip. `fields` replace or add
/// request fields.
async fn answer(fields: &[(&'static str, &str)]) -> Response {
    let mut headers = HeaderMap::new();
    let usual = [
        ("accept-encoding", "gzip"),
        ("content-type", "application/json"),
        ("size", "2048"),
        ("status", "200"),
    ];
    for (name, value) in usual.iter().chain(fields) {
        headers.insert(*name, value.parse().expect("a header value"));
    }
    let mut request = Request::builder().finish();
    *request.headers_mut() = headers;
    made_to_order().get_response(request).await
}

fn is_packed(response: &Response) -> bool {
    response.header("content-encoding") == Some("gzip")
}

#[tokio::test]
async fn what_was_packed_can_be_unpacked() {
    for size in ["1024", "2048", "262144", "3000000"] {
        let response = answer(&[("size", size)]).await;
        assert!(is_packed(&response), "{size}");
        let packed = response.into_body().into_bytes().await.expect("a body");
        let mut plain = String::new();
        GzDecoder::new(packed.as_ref()).read_to_string(&mut plain).expect("gzip");
        assert_eq!(plain, "a".repeat(size.parse().expect("a size")));
    }
}

#[tokio::test]
async fn only_text_of_some_size_is_packed() {
    for (fields, packed, varies) in [
        (&[][..], true, true),
        (&[("accept-encoding", "br")], false, true),
        (&[("accept-encoding", "gzip;q=0")], false, true),
        (&[("size", "1023")], false, true),
        (&[("size", "0")], false, true),
        (&[("content-type", "application/problem+json"), ("status", "404")], true, true),
        (&[("content-type", "application/json; charset=utf-8")], true, true),
        (&[("content-type", "Application/YAML")], true, true),
        (&[("content-type", "text/html")], true, true),
        (&[("content-type", "text/css")], true, true),
        (&[("content-type", "application/javascript")], true, true),
        (&[("content-type", "image/svg+xml")], true, true),
        (&[("content-type", "image/png")], false, false),
        (&[("content-type", "application/octet-stream")], false, false),
        (&[("status", "204"), ("size", "0")], false, true),
        (&[("status", "206")], false, true),
        (&[("content-encoding", "br")], false, true),
    ] {
        let response = answer(fields).await;
        assert_eq!(is_packed(&response), packed, "{fields:?}");
        assert_eq!(response.header("vary").is_some(), varies, "{fields:?}");
    }
}

#[tokio::test]
async fn a_streamed_body_and_an_answer_to_head_are_left_alone() {
    let streamed = make(|_| async {
        let bytes = futures_util::stream::iter([Ok::<_, std::io::Error>("a".repeat(5000))]);
        Response::builder().content_type("application/json").body(Body::from_bytes_stream(bytes))
    });
    let mut request = Request::builder().header("accept-encoding", "gzip").finish();
    let response = streamed.around(gzip).get_response(request).await;
    assert!(!is_packed(&response));
    assert_eq!(response.into_body().into_vec().await.expect("a body").len(), 5000);

    let plain = make(|_| async { "a".repeat(5000).into_bytes() }).map_to_response();
    request = Request::builder().method(Method::HEAD).header("accept-encoding", "gzip").finish();
    assert!(!is_packed(&plain.around(gzip).get_response(request).await));
}

#[tokio::test]
async fn the_entity_tag_of_a_compressed_answer_is_weak() {
    for (tag, fields, expected) in [
        ("\"7\"", &[][..], "W/\"7\""),
        ("\"7\"", &[("accept-encoding", "br")], "\"7\""),
        ("\"7\"", &[("size", "1023")], "\"7\""),
        ("W/\"7\"", &[], "W/\"7\""),
        ("\"7\"", &[("status", "304"), ("size", "0")], "W/\"7\""),
        ("\"7\"", &[("status", "304"), ("size", "0"), ("accept-encoding", "br")], "\"7\""),
    ] {
        let fields: Vec<_> = [("etag", tag)].into_iter().chain(fields.iter().copied()).collect();
        let response = answer(&fields).await;
        assert_eq!(response.header("etag"), Some(expected), "{fields:?}");
        assert_eq!(response.header("vary"), Some("accept-encoding"), "{fields:?}");
    }
}
