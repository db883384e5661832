//! Everything that stands around the operations, in order, and why it stands there.

use crate::app::App;
use crate::config::Server;
use crate::dto::Time;
use crate::limits::{
    AllowHeader, AllowTable, BodyLimit, CatchPanic, CloseWhenStopping, Deadline, Gzip, HeadAsGet, HeadLimit,
    MaxInFlight, RequestId, RequestIds, TrailingSlash, layer,
};
use crate::problem::{self, ApiError};
use crate::telemetry::{Scope, ServerSpan, template};
use poem::http::{Method, StatusCode, header};
use poem::{Endpoint, EndpointExt, IntoEndpoint, IntoResponse, Request, Response};
use poem_openapi::OperationId;
use service::{Clock, FieldError};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;
use tracing::Instrument;

/// Puts all layers around `routes`. Read from the bottom: the last is the outermost.
pub(crate) fn around<E>(
    routes: E,
    app: App,
    server: &Server,
    stopping: watch::Receiver<bool>,
) -> impl Endpoint + use<E>
where
    E: IntoEndpoint,
    E::Endpoint: 'static,
{
    let clock = app.context.clock.clone();
    let make_id = {
        let clock = clock.clone();
        move || service::new_id(clock.now())
    };
    let names = Arc::new(OperationNames::new());
    routes
        .into_endpoint()
        .data(app)
        // Before any operation reads them.
        .around(refuse_unreadable)
        // Only work counts, so this is the innermost limit.
        .with(layer(MaxInFlight::new(server.max_in_flight)))
        // A slow sender must hold no place among those at work.
        .with(layer(BodyLimit::new(
            server.max_body_bytes,
            // Shorter than the request's, so that it is the sender who is told, by 408.
            server.request_timeout.mul_f32(0.9),
            server.stall_timeout,
            server.max_body_memory,
        )))
        // The compiler gives up on types nested deeper than this.
        .boxed()
        // Bounds all that follows.
        .with(layer(Deadline::new(server.request_timeout)))
        // Cheap, and they need no body.
        .with(layer(AllowHeader::new(allowed_methods())))
        .with(layer(TrailingSlash))
        .with(layer(HeadLimit::new(server.max_header_bytes)))
        // Outside all that may panic, inside what renders errors.
        .with(layer(CatchPanic))
        // Renders every refusal from within, and logs and counts every request.
        .around(move |endpoint, request| observe(endpoint, request, clock.clone(), names.clone()))
        .boxed()
        // Compresses refusals too.
        .with(layer(Gzip))
        // All within see GET, so that HEAD has the headers of GET.
        .with(layer(HeadAsGet))
        // These two concern every answer, whoever gives it.
        .with(layer(CloseWhenStopping::new(stopping)))
        .with(layer(RequestIds::new(make_id)))
}

/// Headers that decide what a request does, by their names in the document.
const DECISIVE: [&str; 3] = ["If-Match", "If-None-Match", "Idempotency-Key"];

/// Refuses a request whose decisive headers are no ASCII text: the framework takes these for absent, and
/// what was meant to be conditional or repeatable would silently be neither.
async fn refuse_unreadable(endpoint: Arc<impl Endpoint>, request: Request) -> poem::Result<Response> {
    let unreadable =
        |name: &&&str| request.headers().get_all(**name).iter().any(|value| value.to_str().is_err());
    let errors: Vec<FieldError> = DECISIVE
        .iter()
        .filter(unreadable)
        .map(|name| FieldError::new(*name, format!("{name} must be printable ASCII")).constraint("format"))
        .collect();
    if errors.is_empty() {
        return endpoint.call(request).await.map(IntoResponse::into_response);
    }
    Err(ApiError::invalid("Invalid headers", errors).into())
}

/// What is remembered of a request while it is handled.
struct Asked {
    started: Instant,
    id: String,
    method: Method,
    path: String,
}

/// Runs the request; makes a problem document of a refusal; logs, traces and counts.
async fn observe(
    endpoint: Arc<impl Endpoint>,
    request: Request,
    clock: Clock,
    names: Arc<OperationNames>,
) -> poem::Result<Response> {
    let asked = Asked {
        started: Instant::now(),
        id: request.data::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
    };
    let span = ServerSpan::start(&request);
    let scope = Scope { request_id: asked.id.clone(), trace: span.ids() };
    let work = async {
        let result = endpoint.call(request).await.map(IntoResponse::into_response);
        answer(result, &asked, &clock, &names)
    };
    let (mut response, operation) = scope.run(work.instrument(span.span())).await;
    span.end(asked.method.as_str(), names.route(operation), &mut response);
    Ok(response)
}

/// The answer to a request, logged and counted, and the operation that was asked for.
fn answer<'a>(
    result: poem::Result<Response>,
    asked: &Asked,
    clock: &Clock,
    names: &'a OperationNames,
) -> (Response, &'a str) {
    let operation = match &result {
        Ok(response) => response.data::<OperationId>().map(|operation| operation.0),
        Err(error) => error.data::<OperationId>().map(|operation| operation.0),
    };
    let Asked { started, id, method, path } = asked;
    // Who is turned away before the routes is counted as well: an overload must show in the rate of errors.
    let operation = operation.or_else(|| names.asked_for(method, path)).unwrap_or("none");
    let response = match result {
        Ok(response) if !needs_document(&response) => response,
        Ok(response) => render(problem::of_status(response.status()), path, id, operation, clock),
        Err(error) => render(problem::of_poem(error, path), path, id, operation, clock),
    };
    let status = response.status().as_u16();
    let seconds = started.elapsed().as_secs_f64();
    names.count(operation, method, status, seconds);
    tracing::info!(
        request_id = id,
        operation,
        method = %method,
        path,
        status,
        duration_ms = seconds * 1e3,
        "request"
    );
    (response, operation)
}

/// A refusal that some layer answered by itself, without a document.
fn needs_document(response: &Response) -> bool {
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let documented =
        content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/problem+json"));
    refused && !documented
}

fn render(refusal: ApiError, path: &str, id: &str, operation: &str, clock: &Clock) -> Response {
    if let Some(cause) = refusal.cause() {
        match refusal.status_code() {
            StatusCode::INTERNAL_SERVER_ERROR => tracing::error!(request_id = id, operation, cause, "failed"),
            _ => tracing::warn!(request_id = id, operation, cause, "failed"),
        }
    }
    refusal.into_answer(path, id, Time(clock.now()))
}

/// Operations by their ids.
struct OperationNames(HashMap<String, Operation>);

/// What an operation stands for.
struct Operation {
    method: String,
    /// The path as the document has it.
    route: String,
    /// The path as the metrics have it.
    template: String,
}

impl Operation {
    /// Whether a request with this path asks for it.
    fn is_at(&self, path: &str) -> bool {
        let (mut parts, mut asked) = (self.route.split('/'), path.split('/'));
        loop {
            match (parts.next(), asked.next()) {
                (None, None) => return true,
                (Some(part), Some(asked)) if part == asked => {}
                (Some(part), Some(asked)) if part.starts_with('{') && !asked.is_empty() => {}
                _ => return false,
            }
        }
    }
}

impl OperationNames {
    fn new() -> Self {
        let operations = crate::openapi::operations().into_iter();
        let named = |(id, method, route): (String, String, String)| {
            (id, Operation { method, template: template(&route), route })
        };
        Self(operations.map(named).collect())
    }

    /// The path of an operation with the names of its parameters.
    fn route(&self, operation: &str) -> Option<&str> {
        self.0.get(operation).map(|operation| operation.route.as_str())
    }

    /// The operation that a request asks for which has not come as far as to be told.
    fn asked_for(&self, method: &Method, path: &str) -> Option<&str> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut operations = self.0.iter();
        let found =
            operations.find(|(_, operation)| operation.method == method.as_str() && operation.is_at(path));
        found.map(|(id, _)| id.as_str())
    }

    fn count(&self, operation: &str, method: &Method, status: u16, seconds: f64) {
        let Some(Operation { template, .. }) = self.0.get(operation) else { return };
        let labels =
            [("method", method.to_string()), ("path", template.clone()), ("code", status.to_string())];
        metrics::counter!("hyperfleet_api_requests_total", &labels).increment(1);
        metrics::histogram!("hyperfleet_api_request_duration_seconds", &labels).record(seconds);
    }
}

/// Which methods each path has, for the header `Allow`.
fn allowed_methods() -> AllowTable {
    let mut paths: BTreeMap<String, Vec<Method>> = BTreeMap::new();
    for (_, method, path) in crate::openapi::operations() {
        paths.entry(path).or_default().extend(Method::from_bytes(method.as_bytes()));
    }
    for path in crate::serve::DOCUMENT_PATHS {
        paths.insert(path.to_owned(), vec![Method::GET]);
    }
    AllowTable::new(paths)
}
