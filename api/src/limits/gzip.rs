//! Compressed answers.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use poem::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, IF_NONE_MATCH, VARY};
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode};
use poem::{Body, Endpoint, IntoResponse, Request, Response, Result};

use super::accept_encoding::wants_gzip;
use super::etag;
use super::layer::Layer;
use super::size::measured;

/// Smaller bodies fit into one packet anyway. In bytes.
const WORTH_IT: u64 = 1024;

/// Larger bodies, which take milliseconds, are compressed on a thread where they hold up no other
/// request. In bytes.
const BIG: u64 = 256 * 1024;

/// Compresses answers for clients that ask for it.
///
/// Touched are bodies of known size from 1 KiB on, of a textual type, that nobody has encoded before.
/// All answers of such a type carry `Vary: Accept-Encoding`, compressed or not. Strong entity tags get a
/// suffix that conditional requests may or may not repeat: see the module `etag`.
pub struct Gzip;

impl Layer for Gzip {
    async fn handle<E: Endpoint>(&self, mut request: Request, next: &E) -> Result<Response> {
        let wanted = request.method() != Method::HEAD && wants_gzip(request.headers());
        let conditions: Vec<_> = request.headers().get_all(IF_NONE_MATCH).iter().cloned().collect();
        etag::restore_conditions(request.headers_mut());

        let mut response = next.call(request).await?.into_response();
        if response.status() == StatusCode::NOT_MODIFIED {
            add_vary(response.headers_mut());
            if etag::holds_compressed(&conditions, response.headers()) {
                etag::mark_compressed(response.headers_mut());
            }
        } else if response.content_type().is_some_and(is_textual) {
            add_vary(response.headers_mut());
            if wanted && may_be_encoded(&response) {
                compress(&mut response).await;
            }
        }
        Ok(response)
    }
}

/// Whether the answer is a whole representation that is not encoded yet.
fn may_be_encoded(response: &Response) -> bool {
    let status = response.status();
    !status.is_informational()
        && status != StatusCode::NO_CONTENT
        && status != StatusCode::PARTIAL_CONTENT
        && !response.headers().contains_key(CONTENT_ENCODING)
}

async fn compress(response: &mut Response) {
    let (body, size) = measured(response.take_body());
    let Some(size) = size.filter(|size| *size >= WORTH_IT) else {
        response.set_body(body);
        return;
    };
    // A body of known size is in memory already and reading it cannot fail.
    let plain = body.into_bytes().await.unwrap_or_default();
    match gzip(plain.clone(), size).await {
        Some(packed) if packed.len() < plain.len() => {
            response.set_body(Body::from_vec(packed));
            let headers = response.headers_mut();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            headers.remove(CONTENT_LENGTH);
            etag::mark_compressed(headers);
        }
        _ => response.set_body(plain),
    }
}

async fn gzip(plain: Bytes, size: u64) -> Option<Vec<u8>> {
    if size < BIG {
        return pack(&plain);
    }
    tokio::task::spawn_blocking(move || pack(&plain)).await.ok().flatten()
}

/// The fastest level: a list of 120 KB shrinks to a fifth, and the default level gains a quarter more for
/// more than three times the work.
fn pack(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::fast());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

fn is_textual(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.split_once('/') {
        Some(("text", _)) => true,
        Some(("application", subtype)) => {
            matches!(subtype, "json" | "yaml" | "x-yaml" | "javascript" | "xml")
                || subtype.ends_with("+json")
                || subtype.ends_with("+yaml")
        }
        Some(("image", subtype)) => subtype == "svg+xml",
        _ => false,
    }
}

fn add_vary(headers: &mut HeaderMap) {
    let told = headers.get_all(VARY).iter().filter_map(|value| value.to_str().ok()).any(|fields| {
        fields
            .split(',')
            .map(str::trim)
            .any(|field| field == "*" || field.eq_ignore_ascii_case("accept-encoding"))
    });
    if !told {
        headers.append(VARY, HeaderValue::from_name(ACCEPT_ENCODING));
    }
}
