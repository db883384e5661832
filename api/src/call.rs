//! The context of a call: the application and the caller. It is an argument of every operation that is not public,
//! so no such operation can be reached without authentication.

use crate::app::App;
use crate::auth::{AuthError, Authenticator, Caller};
use crate::layers::{Deadline, InFlight, WaitingRequest};
use crate::problem::{ApiError, ApiResult, Code};
use crate::telemetry::RequestContext;
use poem::http::header;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use std::time::Duration;

/// The caller's name in the audit fields when the server runs without authentication.
const ANONYMOUS: &str = "system@hyperfleet.local";
const SCHEME: &str = "BearerAuth";

/// A call of an operation.
pub struct Call<'a> {
    /// The application.
    pub app: &'a App,
    /// The authenticated caller.
    pub caller: Caller,
    request: &'a Request,
}

impl Call<'_> {
    /// Marks the request as waiting for at most `time`: it no longer counts as in flight, and its deadline is
    /// extended by `time`.
    ///
    /// # Errors
    /// 429 if too many requests are waiting.
    pub(crate) fn begin_wait(&self, time: Duration) -> ApiResult<WaitingRequest> {
        let waiting = self.app.waiting.admit(&self.caller)?;
        RequestContext::set_waiting();
        if let Some(in_flight) = self.request.data::<InFlight>() {
            in_flight.release();
        }
        if let Some(deadline) = self.request.data::<Deadline>() {
            deadline.extend(time);
        }
        Ok(waiting)
    }
}

impl<'a> ApiExtractor<'a> for Call<'a> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let scheme = MetaSecurityScheme {
            ty: "http",
            description: Some(
                "A JWT of a configured issuer. Not required if the server runs without authentication.",
            ),
            name: None,
            key_in: None,
            scheme: Some("bearer"),
            bearer_format: Some("JWT"),
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme(SCHEME, scheme);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    /// Returns the caller that was authenticated before the body was read.
    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let caller = request.data::<Caller>().cloned();
        let caller =
            caller.ok_or_else(|| ApiError::internal("an operation was reached without authentication"))?;
        Ok(Self { app: App::of(request)?, caller, request })
    }
}

/// Returns the caller identified by the token of a request, or the anonymous caller if there is no `authenticator`.
///
/// # Errors
/// 401 without a valid token; 503 while the keys that verify tokens cannot be fetched.
pub(crate) async fn authenticate(
    request: &Request,
    authenticator: Option<&Authenticator>,
) -> ApiResult<Caller> {
    let Some(authenticator) = authenticator else {
        return Ok(Caller { name: ANONYMOUS.into(), expires: None });
    };
    let mut headers = request.headers().get_all(header::AUTHORIZATION).iter();
    let authorization = match (headers.next(), headers.next()) {
        (None, _) => None,
        // A value that is not text, and a repeated header, count as a missing token.
        (Some(value), None) => Some(value.to_str().unwrap_or_default()),
        (Some(_), Some(_)) => Some(""),
    };
    authenticator.authenticate(authorization).await.map_err(refusal)
}

fn refusal(error: AuthError) -> ApiError {
    let (code, detail, challenge) = match error {
        AuthError::Missing => (
            Code::AUTHENTICATION_REQUIRED,
            "The request has no bearer token".to_owned(),
            "Bearer realm=\"hyperfleet\"",
        ),
        AuthError::Invalid(reason) => (
            Code::INVALID_CREDENTIALS,
            format!("The bearer token is not accepted: {reason}"),
            "Bearer realm=\"hyperfleet\", error=\"invalid_token\"",
        ),
        AuthError::Expired => (
            Code::EXPIRED_TOKEN,
            "The bearer token has expired".to_owned(),
            "Bearer realm=\"hyperfleet\", error=\"invalid_token\", error_description=\"expired\"",
        ),
        AuthError::KeysUnavailable => {
            let detail = "The keys for verifying tokens cannot be fetched; try again";
            let error = ApiError::new(Code::UNAVAILABLE, detail);
            return error.with_header(header::RETRY_AFTER, "5");
        }
    };
    ApiError::new(code, detail).with_header(header::WWW_AUTHENTICATE, challenge)
}
