//! The middleware around the operations: all layers in order, and the reason for each position.

use crate::app::App;
use crate::auth::{Authenticator, Caller};
use crate::call::authenticate;
use crate::config::settings::Server;
use crate::dto::Time;
use crate::layers::{
    Bodies, Origins, RequestId, admit, catch_panic, check_head, close_when_stopping, cors, deadline, gzip,
    head_as_get, read_body, request_ids, trailing_slash,
};
use crate::operations::{Matched, Operation};
use crate::problem::{self, ApiError, ApiResult};
use crate::telemetry::{RequestContext, RequestLog, ServerSpan, count_refused, logs_text};
use poem::http::StatusCode;
use poem::{Endpoint, EndpointExt, IntoEndpoint, IntoResponse, Request, Response};
use service::Clock;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use tracing::Instrument;

/// Adds all layers around `routes`. The last layer in the chain is the outermost, so read it from the bottom.
pub(crate) fn around<E>(
    routes: E,
    app: App,
    server: &Server,
    authenticator: Option<Authenticator>,
    origins: Arc<Origins>,
) -> impl Endpoint + use<E>
where
    E: IntoEndpoint,
    E::Endpoint: 'static,
{
    let clock = app.context.clock.clone();
    let ids = clock.clone();
    let stopping = app.stopping.clone();
    // Shorter than the request timeout, so that a slow sender gets 408 rather than 504.
    let body_time = server.request_timeout.mul_f32(0.9);
    let bodies = Bodies::new(server.max_body_bytes, body_time, server.stall_timeout, server.max_body_memory);
    let checks = HeadChecks { origins: origins.clone(), authenticator, max_head: server.max_header_bytes };
    let (checks, refused_bodies) = (Arc::new(checks), bodies.clone());
    let in_flight = Arc::new(Semaphore::new(server.max_in_flight));
    let request_timeout = server.request_timeout;
    routes
        .into_endpoint()
        .data(Arc::new(app))
        // The innermost limit, because only requests that are being processed count.
        .around(move |next, request| admit(next, request, in_flight.clone()))
        // Outside the limit of requests in flight, so that a slow sender holds no permit.
        .around(move |next, request| read_body(next, request, bodies.clone()))
        // Outside the body and in-flight limits: an unauthorized request must not use these resources, and waiting
        // for keys does not count as processing.
        .around(move |next, request| check_before_body(next, request, checks.clone(), refused_bodies.clone()))
        // Boxed because the compiler fails on more deeply nested types.
        .boxed()
        // Limits the time of everything inside.
        .around(move |next, request| deadline(next, request, request_timeout))
        // Before the router, which does not match paths with a trailing slash.
        .around(trailing_slash)
        // Outside everything that may panic, inside the layer that renders errors.
        .around(catch_panic)
        // Renders every refusal from the inner layers, and logs and counts every request.
        .around(move |next, request| observe(next, request, clock.clone()))
        .boxed()
        // Outside `observe`, so that error responses are compressed too.
        .around(gzip)
        // Inner layers see GET, so a response to HEAD has the headers of the response to GET.
        .around(head_as_get)
        // Pages of allowed origins may read error responses too.
        .around(move |next, request| cors(next, request, origins.clone()))
        // The last two layers apply to every response, whichever layer sends it.
        .around(move |next, request| close_when_stopping(next, request, stopping.clone()))
        .around(move |next, request| {
            let clock = ids.clone();
            request_ids(next, request, move || service::new_id(clock.now()))
        })
}

/// The checks that use only the head of a request.
struct HeadChecks {
    origins: Arc<Origins>,
    authenticator: Option<Authenticator>,
    max_head: usize,
}

impl HeadChecks {
    /// Runs the checks. Returns the caller of a secured operation, and `None` if the request does not match one.
    async fn run(&self, request: &Request, matched: Matched) -> ApiResult<Option<Caller>> {
        self.origins.check(request)?;
        matched.check_method()?;
        // Before the remaining checks, so that an unauthenticated client learns nothing from their errors.
        let caller = match matched.operation() {
            Some(operation) if operation.secured => {
                Some(authenticate(request, self.authenticator.as_ref()).await?)
            }
            _ => None,
        };
        check_head(request, self.max_head)?;
        Ok(caller)
    }
}

/// Refuses a request by its head, before its body is read. A body is read only for an authenticated caller: other
/// clients must not use the memory for bodies, and no request that they may send needs a body.
async fn check_before_body(
    next: Arc<impl Endpoint>,
    mut request: Request,
    checks: Arc<HeadChecks>,
    bodies: Arc<Bodies>,
) -> poem::Result<Response> {
    let matched = request.data::<Matched>().copied().unwrap_or(Matched::Nothing);
    let checked = checks.run(&request, matched).await;
    match &checked {
        Ok(Some(caller)) => {
            RequestContext::set_caller(&caller.name);
            request.set_data(caller.clone());
        }
        Ok(None) | Err(_) => bodies.discard(&mut request),
    }
    checked?;
    next.call(request).await.map(IntoResponse::into_response)
}

/// Runs the request, renders a refusal as a problem document, and records the log entry, the trace and the metrics.
async fn observe(next: Arc<impl Endpoint>, mut request: Request, clock: Clock) -> poem::Result<Response> {
    let matched = Matched::of(request.method(), request.uri().path());
    let log = RequestLog {
        started: Instant::now(),
        id: request.data::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
        method: request.method().clone(),
        uri: request.uri().clone(),
        peer: request.remote_addr().as_socket_addr().copied(),
        operation: matched.operation().map(|operation| operation.id.as_str()),
    };
    request.set_data(matched);
    let span = ServerSpan::start(&request);
    let context = RequestContext::new(log.id.clone(), span.ids());
    let work = async {
        let result = next.call(request).await.map(IntoResponse::into_response);
        respond(&log, result, matched.operation(), &clock)
    };
    let mut response = context.run(work.instrument(span.span())).await;
    span.end(&log.method, matched.operation(), &mut response);
    Ok(response)
}

/// Logs and counts the response. Requests that are refused before they reach the routes count as well, so that an
/// overload is visible in the error rate.
fn respond(
    log: &RequestLog,
    result: poem::Result<Response>,
    operation: Option<&Operation>,
    clock: &Clock,
) -> Response {
    let (response, code) = match result {
        Ok(response) => (response, None),
        Err(error) => render(log, problem::of_poem(error, log.uri.path()), clock),
    };
    let status = response.status().as_u16();
    let elapsed = log.started.elapsed();
    if let Some(operation) = operation {
        operation.count(status, (!RequestContext::is_waiting()).then_some(elapsed));
    }
    log.log(status, code, elapsed, logs_text());
    response
}

/// Renders a refusal as a problem document. Returns the response and the error code.
fn render(log: &RequestLog, refusal: ApiError, clock: &Clock) -> (Response, Option<&'static str>) {
    if let Some(reason) = refusal.refused_by {
        count_refused(reason);
    }
    if let Some(cause) = &refusal.cause {
        let (operation, request_id) = (log.operation, &log.id);
        if refusal.status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(operation, cause, request_id, "failed");
        } else {
            tracing::warn!(operation, cause, request_id, "failed");
        }
    }
    let code = Some(refusal.code.as_str());
    (refusal.into_answer(log.uri.path(), &log.id, Time(clock.now())), code)
}
