//! The rules for the head of every request.

use poem::Request;
use poem::http::header::HOST;
use poem::http::uri::Authority;
use poem::http::{StatusCode, Version};
use service::error::{Error, FieldError};

use crate::problem::{ApiError, RefusalReason};

/// The number of bytes around the name and value of a header field: colon, space and line end.
const FIELD_OVERHEAD: usize = 4;

/// The header fields that determine what a request does, as spelled in the document.
const SINGLE_FIELDS: [&str; 3] = ["If-Match", "If-None-Match", "Idempotency-Key"];

/// Refuses a request if its head is larger than `max_bytes`, if it does not name its host as RFC 9112 §3.2 requires,
/// or if a header field that determines what it does is repeated or is not ASCII text.
///
/// The HTTP parser has its own limits: it responds 414 to an address over 64 KiB, and 431 to a head over about 400
/// KiB or 100 fields. The framework uses the first of repeated fields and ignores values that are not text, so a
/// request meant to be conditional or repeatable would silently be neither.
pub(crate) fn check_head(request: &Request, max_bytes: usize) -> Result<(), ApiError> {
    let fields = request.headers().iter();
    let fields: usize = fields.map(|(name, value)| name.as_str().len() + value.len() + FIELD_OVERHEAD).sum();
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if fields + address > max_bytes {
        let detail = format!("The request line and header fields are larger than {max_bytes} bytes");
        let error = ApiError::malformed(detail).with_status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        return Err(error.refused_by(RefusalReason::HeadTooLarge));
    }
    let faults: Vec<_> = host_fault(request).into_iter().chain(field_faults(request)).collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::invalid_fields(faults).into()) }
}

fn host_fault(request: &Request) -> Option<FieldError> {
    let hosts: Vec<_> = request.headers().get_all(HOST).iter().collect();
    let constraint = match hosts.as_slice() {
        [] if request.version() == Version::HTTP_11 => "required",
        [] => return None,
        [host] if Authority::try_from(host.as_bytes()).is_ok() => return None,
        [_] => "format",
        _ => "unique",
    };
    Some(
        FieldError::new("Host", "Host must be one host name or address, optionally with a port")
            .constraint(constraint),
    )
}

fn field_faults(request: &Request) -> impl Iterator<Item = FieldError> {
    SINGLE_FIELDS.iter().filter_map(|name| {
        let values: Vec<_> = request.headers().get_all(*name).iter().collect();
        let (message, constraint) = match values.as_slice() {
            [] => return None,
            [value] if value.to_str().is_ok() => return None,
            [_] => ("must be printable ASCII", "format"),
            _ => ("must not be repeated", "unique"),
        };
        Some(FieldError::new(*name, format!("{name} {message}")).constraint(constraint))
    })
}
