//! Compression of responses.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body::Body as _;
use http_body_util::combinators::BoxBody;
use poem::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, VARY};
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode};
use poem::{Body, Endpoint, IntoResponse, Request, Response, Result};

use super::accept_encoding::wants_gzip;

/// The minimum size of a body that is compressed, in bytes. A smaller body fits into one packet anyway.
const MIN_BYTES: u64 = 1024;

/// The size in bytes from which a body is compressed on a blocking thread. This takes milliseconds and must not
/// block other requests.
const MIN_BLOCKING_BYTES: u64 = 256 * 1024;

/// Compresses responses for clients that accept it.
///
/// Only bodies of known size from 1 KiB, of a textual type and not yet encoded are compressed. All responses of such
/// a type have `Vary: Accept-Encoding`, compressed or not. A strong entity tag identifies exact bytes, so the tag of
/// a compressed response becomes weak; conditional requests accept either form.
pub(crate) async fn gzip(next: Arc<impl Endpoint>, request: Request) -> Result<Response> {
    let wanted = request.method() != Method::HEAD && wants_gzip(request.headers());
    let mut response = next.call(request).await?.into_response();
    if response.status() == StatusCode::NOT_MODIFIED {
        add_vary(response.headers_mut());
        if wanted {
            weaken_tag(response.headers_mut());
        }
    } else if response.content_type().is_some_and(is_textual) {
        add_vary(response.headers_mut());
        if wanted && may_be_encoded(&response) {
            compress(&mut response).await;
        }
    }
    Ok(response)
}

/// Whether the response is a complete representation that is not encoded yet.
fn may_be_encoded(response: &Response) -> bool {
    let status = response.status();
    !status.is_informational()
        && status != StatusCode::NO_CONTENT
        && status != StatusCode::PARTIAL_CONTENT
        && !response.headers().contains_key(CONTENT_ENCODING)
}

async fn compress(response: &mut Response) {
    let (body, size) = measured(response.take_body());
    let Some(size) = size.filter(|size| *size >= MIN_BYTES) else {
        response.set_body(body);
        return;
    };
    // A body of known size is already in memory, so reading it cannot fail.
    let plain = body.into_bytes().await.unwrap_or_default();
    match compressed(plain.clone(), size).await {
        Some(compressed) if compressed.len() < plain.len() => {
            response.set_body(Body::from_vec(compressed));
            let headers = response.headers_mut();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            headers.remove(CONTENT_LENGTH);
            weaken_tag(headers);
        }
        _ => response.set_body(plain),
    }
}

/// Returns the body and its size in bytes. A streamed body has no known size.
pub(super) fn measured(body: Body) -> (Body, Option<u64>) {
    let body: BoxBody<Bytes, std::io::Error> = body.into();
    let size = body.size_hint().exact();
    (body.into(), size)
}

async fn compressed(plain: Bytes, size: u64) -> Option<Vec<u8>> {
    if size < MIN_BLOCKING_BYTES {
        return encode(&plain);
    }
    tokio::task::spawn_blocking(move || encode(&plain)).await.ok().flatten()
}

/// Compresses at the fastest level: a list of 120 KB shrinks to a fifth. The default level saves a quarter more but
/// takes more than three times as long.
fn encode(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::fast());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

/// Converts a strong entity tag to a weak one.
fn weaken_tag(headers: &mut HeaderMap) {
    let strong = headers.get(ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| tag.starts_with('"'));
    if let Some(weak) = strong.and_then(|tag| HeaderValue::try_from(format!("W/{tag}")).ok()) {
        headers.insert(ETAG, weak);
    }
}

fn is_textual(content_type: &str) -> bool {
    let content_type = content_type.to_ascii_lowercase();
    let textual = ["json", "yaml", "javascript", "xml"];
    content_type.starts_with("text/") || textual.iter().any(|word| content_type.contains(word))
}

/// Adds `Accept-Encoding` to the fields by which the response varies.
fn add_vary(headers: &mut HeaderMap) {
    headers.append(VARY, HeaderValue::from_name(ACCEPT_ENCODING));
}
