//! The rules for requests from web pages.
//!
//! Without tokens, every client that reaches the server may write. A browser sends requests to a server on its
//! user's machine for any page that the user opens, so requests from pages of other origins are refused unless the
//! operator allows them.

use std::net::SocketAddr;
use std::sync::Arc;

use poem::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use poem::http::uri::Authority;
use poem::http::{HeaderValue, Method, StatusCode, Uri};
use poem::{Endpoint, IntoResponse, Request, Response, Result};

use crate::config::parse::is_loopback;
use crate::problem::{ApiError, Code};

/// The header fields of responses that a page of an allowed origin may read.
const EXPOSED: &str = "ETag, Location, Retry-After, WWW-Authenticate, X-Request-ID, X-Operation-ID, \
                       HyperFleet-Discard-Reason, HyperFleet-Waited";

/// The origins that are allowed, and whether others are refused.
#[derive(Debug)]
pub(crate) struct Origins {
    allowed: Vec<String>,
    refuse_foreign: bool,
    refuse_names: bool,
}

impl Origins {
    /// Creates the rules. The `allowed` origins, such as `https://console.example.com`, are always accepted. If
    /// callers need no token (`open`), all others except the server's own are refused. If the server also listens on
    /// loopback `addresses` only, every host name that does not identify this machine is refused as well: with such
    /// a name, a foreign page can appear to be of the server's own origin.
    pub(crate) fn new(allowed: Vec<String>, open: bool, addresses: &[SocketAddr]) -> Arc<Self> {
        let loopback = addresses.iter().all(|address| address.ip().is_loopback());
        Arc::new(Self { allowed, refuse_foreign: open, refuse_names: open && loopback })
    }

    fn allow(&self, origin: &HeaderValue) -> bool {
        self.allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    }

    /// Refuses a request from a page of an origin that is not accepted.
    pub(crate) fn check(&self, request: &Request) -> std::result::Result<(), ApiError> {
        let host = host_of(request);
        if self.refuse_names && host.as_ref().is_some_and(|host| !is_local(host.host())) {
            return Err(forbidden("This server accepts only local host names, such as localhost"));
        }
        match request.headers().get(ORIGIN) {
            Some(origin) if self.refuse_foreign && !self.allow(origin) && !is_own(origin, host.as_ref()) => {
                Err(forbidden(
                    "Requests from web pages of other origins are refused; add the origin to \
                     server.cors.allowed_origins",
                ))
            }
            _ => Ok(()),
        }
    }
}

fn forbidden(detail: &str) -> ApiError {
    ApiError::new(Code::PERMISSION_DENIED, detail)
}

/// Returns the host and port that a request is for. HTTP/2 and proxies send them in the request target.
fn host_of(request: &Request) -> Option<Authority> {
    let address = request.uri().authority().cloned();
    address.or_else(|| request.header(HOST)?.parse().ok())
}

fn is_local(host: &str) -> bool {
    is_loopback(host) || host.to_ascii_lowercase().ends_with(".localhost")
}

/// Whether an origin has the host and port that the request is for.
fn is_own(origin: &HeaderValue, host: Option<&Authority>) -> bool {
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    let (Some(origin), Some(host)) = (origin, host) else { return false };
    let default = match origin.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return false,
    };
    origin.host().is_some_and(|name| name.eq_ignore_ascii_case(host.host()))
        && origin.port_u16().unwrap_or(default) == host.port_u16().unwrap_or(default)
}

/// Adds the headers with which browsers let pages of allowed origins send requests and read the responses.
pub(crate) async fn cors(
    next: Arc<impl Endpoint>,
    request: Request,
    origins: Arc<Origins>,
) -> Result<Response> {
    let origin = request.headers().get(ORIGIN).filter(|origin| origins.allow(origin)).cloned();
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &origin {
        Some(_) if preflight => preflight_answer(&request),
        _ => next.call(request).await?.into_response(),
    };
    let headers = response.headers_mut();
    if !origins.allowed.is_empty() {
        headers.append(VARY, HeaderValue::from_name(ORIGIN));
    }
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
    Ok(response)
}

fn preflight_answer(request: &Request) -> Response {
    let asked = request.header(ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
    Response::builder()
        .status(StatusCode::NO_CONTENT)
        .header(ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, PATCH, DELETE")
        .header(ACCESS_CONTROL_ALLOW_HEADERS, asked)
        .header(ACCESS_CONTROL_MAX_AGE, "600")
        .finish()
}
