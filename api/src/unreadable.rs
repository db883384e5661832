//! The answer to what never became a request, because the HTTP parser cannot read it or there is no place for its
//! connection: a refusal like any other.

use crate::dto::Time;
use crate::limits::{OPERATION_ID, REQUEST_ID, Refusal};
use crate::net::Explain;
use crate::problem;
use poem::http::{HeaderValue, StatusCode};
use service::Clock;
use std::sync::Arc;

/// All that is known of the path that was asked for.
const INSTANCE: &str = "/";

/// Answers with a problem document, logs and counts, as for a request that came through.
pub(crate) fn explain(clock: Clock) -> Explain {
    Arc::new(move |status| {
        let detail = match status {
            StatusCode::URI_TOO_LONG => "the address of the request is too long",
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
                "the header fields of the request are too large or too many"
            }
            _ => {
                "the request is no HTTP that can be read: check its first line and its header fields; in the address, \
                 spaces and other special characters must be percent-encoded"
            }
        };
        let now = clock.now();
        let id = service::new_id(now).to_string();
        let refusal = match status {
            // Connections are counted where they are refused.
            StatusCode::SERVICE_UNAVAILABLE => Refusal::Overloaded { retry_after: 1 },
            _ => Refusal::Unreadable(detail, status).counted(),
        };
        let refusal = problem::of_refusal(refusal);
        tracing::info!(request_id = id, status = status.as_u16(), detail = %refusal, "refused before it was read");
        let mut answer = refusal.into_document(INSTANCE, &id, Time(now));
        if let Ok(id) = HeaderValue::try_from(id) {
            answer.headers_mut().insert(REQUEST_ID, id.clone());
            answer.headers_mut().insert(OPERATION_ID, id);
        }
        answer
    })
}
