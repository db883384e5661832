//! Requests from pages of other origins, and other host names of this machine.

use std::net::SocketAddr;

use poem::endpoint::make_sync;
use poem::http::Method;
use poem::{Endpoint, EndpointExt, Request};

use crate::layers::{Origins, cors};
use crate::problem::Code;

const LOOPBACK: [&str; 2] = ["127.0.0.1:8000", "[::1]:8000"];
const ANYWHERE: [&str; 1] = ["0.0.0.0:8000"];

fn origins(allowed: &[&str], open: bool, addresses: &[&str]) -> std::sync::Arc<Origins> {
    let addresses: Vec<SocketAddr> =
        addresses.iter().map(|address| address.parse().expect("an address")).collect();
    Origins::new(allowed.iter().map(ToString::to_string).collect(), open, &addresses)
}

fn request(host: &str, origin: Option<&str>) -> Request {
    let request = Request::builder().header("host", host);
    origin.into_iter().fold(request, |request, origin| request.header("origin", origin)).finish()
}

#[test]
fn pages_of_other_origins_are_refused_where_no_token_is_asked_for() {
    let open = origins(&[], true, &ANYWHERE);
    for (host, origin, allowed) in [
        ("api.hyperfleet.svc:8000", None, true),
        ("api.hyperfleet.svc:8000", Some("http://api.hyperfleet.svc:8000"), true),
        ("API.example", Some("http://api.example"), true),
        ("api.example", Some("http://api.example:80"), true),
        ("api.example:443", Some("https://api.example"), true),
        ("api.example", Some("https://api.example"), true),
        ("[::1]:8000", Some("http://[::1]:8000"), true),
        ("api.example:8000", Some("http://api.example"), false),
        ("api.example:8000", Some("http://api.example:9000"), false),
        ("api.example", Some("http://evil.example"), false),
        ("api.example", Some("http://api.example.evil.example"), false),
        ("api.example", Some("null"), false),
        ("api.example", Some("file://"), false),
        ("api.example", Some(""), false),
    ] {
        let refused = open.check(&request(host, origin)).err();
        assert_eq!(refused.is_none(), allowed, "{host} {origin:?}");
        assert!(
            refused.is_none_or(|refused| refused.status == 403 && refused.code == Code::PERMISSION_DENIED)
        );
    }
    let foreign = request("api.example", Some("http://evil.example"));
    assert!(origins(&[], false, &ANYWHERE).check(&foreign).is_ok(), "a token protects");
    assert!(origins(&["http://evil.example"], true, &ANYWHERE).check(&foreign).is_ok(), "allowed on purpose");
}

#[test]
fn on_loopback_only_names_of_this_machine_are_hosts() {
    for (host, local) in [
        ("localhost:8000", true),
        ("LOCALHOST", true),
        ("api.localhost:8000", true),
        ("127.0.0.1:8000", true),
        ("127.1.2.3", true),
        ("[::1]:8000", true),
        ("rebound.example:8000", false),
        ("localhost.example", false),
        ("notlocalhost", false),
        ("10.0.0.1", false),
    ] {
        assert_eq!(origins(&[], true, &LOOPBACK).check(&request(host, None)).is_ok(), local, "{host}");
        assert!(origins(&[], true, &ANYWHERE).check(&request(host, None)).is_ok(), "{host} elsewhere");
        assert!(origins(&[], false, &LOOPBACK).check(&request(host, None)).is_ok(), "{host} with tokens");
    }
    let mixed = origins(&[], true, &[LOOPBACK[0], "192.0.2.1:8000"]);
    assert!(mixed.check(&request("api.example", None)).is_ok(), "it is reached from elsewhere too");
    let rebound = request("rebound.example", Some("http://rebound.example"));
    assert!(origins(&[], true, &LOOPBACK).check(&rebound).is_err());
}

#[tokio::test]
async fn allowed_origins_may_ask_and_read() {
    let allowed = "https://console.example";
    let origins = origins(&[allowed], true, &ANYWHERE);
    let endpoint = make_sync(|_| poem::http::StatusCode::NOT_FOUND)
        .around(move |next, request| cors(next, request, origins.clone()));
    let answer = endpoint.get_response(request("api.example", Some(allowed))).await;
    assert_eq!(
        (answer.status().as_u16(), answer.header("access-control-allow-origin")),
        (404, Some(allowed))
    );
    assert!(answer.header("access-control-expose-headers").is_some_and(|names| names.contains("ETag")));
    assert_eq!(answer.header("vary"), Some("origin"));

    let preflight = |origin: &str| {
        let mut request = request("api.example", Some(origin));
        request.set_method(Method::OPTIONS);
        let headers = request.headers_mut();
        headers.insert("access-control-request-method", "PATCH".parse().expect("a value"));
        headers.insert("access-control-request-headers", "authorization,if-match".parse().expect("a value"));
        request
    };
    let answer = endpoint.get_response(preflight(allowed)).await;
    assert_eq!(
        (answer.status().as_u16(), answer.header("access-control-allow-origin")),
        (204, Some(allowed))
    );
    assert!(answer.header("access-control-allow-methods").is_some_and(|methods| methods.contains("PATCH")));
    assert_eq!(answer.header("access-control-allow-headers"), Some("authorization,if-match"));

    for request in [preflight("https://other.example"), request("api.example", Some("https://other.example"))]
    {
        let answer = endpoint.get_response(request).await;
        assert_eq!((answer.status().as_u16(), answer.header("access-control-allow-origin")), (404, None));
        assert_eq!(answer.header("vary"), Some("origin"));
    }
}
