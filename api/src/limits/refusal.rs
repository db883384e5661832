//! Why a request was not handled.

use poem::error::ResponseError;
use poem::http::header::{ACCEPT_ENCODING, ALLOW, CONNECTION, HeaderName, RETRY_AFTER};
use poem::http::{HeaderValue, StatusCode};
use poem::{IntoResponse, Response};

/// A request that a layer refused. The texts are for the client: constant but for the limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 413: the body is, or says it is, longer than allowed.
    #[error("the request body is larger than {limit} bytes")]
    BodyTooLarge {
        /// The most that is allowed, in bytes.
        limit: usize,
    },
    /// 408: the body did not come, or did not come on, in time.
    #[error("the request body did not arrive in time")]
    BodyTimeout,
    /// 400: the body broke off or its framing is wrong.
    #[error("the request body ended early or is framed wrongly")]
    BodyBroken,
    /// 415: the body has a `Content-Encoding`.
    #[error("the Content-Encoding of the request is not supported")]
    UnsupportedEncoding {
        /// The codings that are accepted, as a value of `Accept-Encoding`.
        accepted: &'static str,
    },
    /// 400, 414 or 431: the HTTP parser cannot read the request.
    #[error("{0}")]
    Unreadable(
        /// What is wrong with it.
        &'static str,
        /// The status that the parser gave it.
        StatusCode,
    ),
    /// 431: the request line and the header fields are too large together.
    #[error("the request line and header fields are larger than {limit} bytes")]
    HeadTooLarge {
        /// The most that is allowed, in bytes.
        limit: usize,
    },
    /// 405: the path exists but not with this method.
    #[error("the method is not allowed here, only {allow}")]
    MethodNotAllowed {
        /// The methods that are, as a value of `Allow`.
        allow: String,
    },
    /// 503: more requests, or more bytes of bodies, than the process takes on at a time.
    #[error("the service is busy, try again later")]
    Overloaded {
        /// When to try again, in seconds.
        retry_after: u32,
    },
    /// 504: the handler did not end in time and was dropped. A change goes on without it: nothing is left half
    /// done, but it may still take effect.
    #[error("the request took too long")]
    DeadlinePassed,
    /// 500: the handler panicked. What it said is in the log.
    #[error("internal error")]
    Panicked,
}

impl Refusal {
    /// Every label that [`Refusal::reason`] gives, and those of connections for which there is no place and of
    /// requests that the database could not serve.
    pub const REASONS: [&str; 12] = [
        "body_too_large",
        "body_timeout",
        "body_broken",
        "unsupported_encoding",
        "unreadable",
        "head_too_large",
        "method_not_allowed",
        "overloaded",
        "connections",
        "database_unavailable",
        "deadline_passed",
        "panicked",
    ];

    /// The label of this refusal in metrics and logs.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::BodyTimeout => "body_timeout",
            Self::BodyBroken => "body_broken",
            Self::UnsupportedEncoding { .. } => "unsupported_encoding",
            Self::Unreadable(..) => "unreadable",
            Self::HeadTooLarge { .. } => "head_too_large",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::Overloaded { .. } => "overloaded",
            Self::DeadlinePassed => "deadline_passed",
            Self::Panicked => "panicked",
        }
    }

    /// The header fields that the answer must carry, whatever form its body is given.
    pub fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        match self {
            Self::MethodNotAllowed { allow } => {
                HeaderValue::from_str(allow).map(|allow| (ALLOW, allow)).into_iter().collect()
            }
            Self::Overloaded { retry_after } => vec![(RETRY_AFTER, (*retry_after).into())],
            Self::UnsupportedEncoding { accepted } => {
                vec![(ACCEPT_ENCODING, HeaderValue::from_static(accepted))]
            }
            // The rest of the body stands between this request and a next one.
            Self::BodyTimeout | Self::BodyBroken => {
                vec![(CONNECTION, HeaderValue::from_static("close"))]
            }
            Self::BodyTooLarge { .. }
            | Self::Unreadable(..)
            | Self::HeadTooLarge { .. }
            | Self::DeadlinePassed
            | Self::Panicked => Vec::new(),
        }
    }

    /// Counts this refusal in `hyperfleet_api_refused_total` and hands it on.
    pub(crate) fn counted(self) -> Self {
        count_refused(self.reason());
        self
    }
}

/// Counts a refusal by its reason, one of [`Refusal::REASONS`].
pub(crate) fn count_refused(reason: &'static str) {
    metrics::counter!("hyperfleet_api_refused_total", "reason" => reason).increment(1);
}

impl ResponseError for Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyBroken => StatusCode::BAD_REQUEST,
            Self::UnsupportedEncoding { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unreadable(_, status) => *status,
            Self::HeadTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Overloaded { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::DeadlinePassed => StatusCode::GATEWAY_TIMEOUT,
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn as_response(&self) -> Response {
        let mut response = self.to_string().with_status(self.status()).into_response();
        response.headers_mut().extend(self.headers());
        response
    }
}
