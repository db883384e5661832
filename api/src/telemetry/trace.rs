//! Spans, sent over OTLP, with the W3C trace context of the caller as their parent.
//!
//! An endpoint enables them. Sampler, resource, headers, batching and timeouts follow the standard variables `OTEL_*`,
//! which the SDK reads directly.

use crate::causes::with_causes;
use crate::config::TRACES_ENDPOINT;
use crate::config::settings::Tracing;
use crate::operations::Operation;
use async_trait::async_trait;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Status, TraceContextExt, TracerProvider};
use opentelemetry::{Key, KeyValue};
use opentelemetry_http::{Bytes, HeaderExtractor, HeaderInjector, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use poem::http::Method;
use poem::http::header::USER_AGENT;
use poem::{Request, Response};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::{Level, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::{LevelFilter, dynamic_filter_fn};
use tracing_subscriber::registry::LookupSpan;

/// The target of the spans of requests.
const TARGET: &str = "hyperfleet_api::request";
/// The prefix of the targets of the spans of statements.
const STATEMENTS: &str = "sea_orm::database";
/// The name of the service, unless the operator sets another.
const SERVICE: &str = "hyperfleet-api";
/// The maximum time to send the remaining spans when the process stops.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum time to send one batch of spans.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// Creates spans and sends them.
#[must_use = "spans that are not sent yet are lost unless it is stopped"]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts sending spans, if an endpoint is configured.
    pub(super) fn start(tracing: &Tracing) -> Result<Option<Self>, String> {
        let own_endpoint = variable(TRACES_ENDPOINT).is_some();
        let disabled = variable("OTEL_SDK_DISABLED").is_some_and(|word| word.eq_ignore_ascii_case("true"))
            || variable("OTEL_TRACES_EXPORTER").is_some_and(|word| word == "none");
        if disabled || (tracing.otlp_endpoint.is_none() && !own_endpoint) {
            return Ok(None);
        }
        let fault = |error: &dyn std::fmt::Display| format!("tracing.otlp_endpoint: {error}");
        let client =
            reqwest::Client::builder().timeout(SEND_TIMEOUT).build().map_err(|error| fault(&error))?;
        let runtime = Handle::try_current().map_err(|error| fault(&error))?;
        let client = Client { client, runtime, failing: AtomicBool::new(false) };
        let mut exporter = SpanExporter::builder().with_http().with_http_client(client);
        if let (Some(endpoint), false) = (&tracing.otlp_endpoint, own_endpoint) {
            exporter = exporter.with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')));
        }
        let exporter = exporter.build().map_err(|error| fault(&error))?;
        let provider = SdkTracerProvider::builder().with_resource(resource()).with_batch_exporter(exporter);
        Ok(Some(Self(provider.build())))
    }

    /// Returns the layer that converts spans of `tracing`.
    pub(super) fn layer<S>(&self) -> impl tracing_subscriber::Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        use tracing_subscriber::Layer;
        let tracer = self.0.tracer(SERVICE);
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(
                dynamic_filter_fn(|metadata, context| {
                    // Statements outside a request, such as those of background tasks, belong to no trace.
                    let within = || context.lookup_current().is_some();
                    let statement = || metadata.target().starts_with(STATEMENTS) && within();
                    let grave = *metadata.level() <= Level::INFO;
                    metadata.is_span() && grave && (metadata.target() == TARGET || statement())
                })
                .with_max_level_hint(LevelFilter::INFO),
            )
    }

    /// Sends the remaining spans, within five seconds.
    pub async fn stop(self) {
        let stopped = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(FLUSH_TIMEOUT)).await;
        if let Ok(Err(error)) = stopped {
            tracing::warn!(%error, "the remaining spans could not be sent");
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns the resource that `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` describe, with a default name and the
/// version of this program.
fn resource() -> Resource {
    let said = Resource::builder().build();
    let name = said.get(&Key::new("service.name")).map(|name| name.to_string());
    let named = name.is_some_and(|name| !name.starts_with("unknown_service"));
    let builder = Resource::builder();
    let builder = if named { builder } else { builder.with_service_name(SERVICE) };
    builder.with_attribute(KeyValue::new("service.version", crate::VERSION)).build()
}

/// Sends spans through an HTTP client on the runtime of the process. The SDK calls it from a separate thread, which has
/// no runtime.
#[derive(Debug)]
struct Client {
    client: reqwest::Client,
    runtime: Handle,
    failing: AtomicBool,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sending = self.runtime.spawn(async move {
            let response = client.execute(request.try_into()?).await?.error_for_status()?;
            let mut answer = http::Response::builder().status(response.status());
            if let Some(headers) = answer.headers_mut() {
                headers.clone_from(response.headers());
            }
            Ok::<_, HttpError>(answer.body(response.bytes().await?)?)
        });
        let sent = sending.await?;
        self.log_transition(sent.as_ref().err());
        sent
    }
}

impl Client {
    /// Logs when sending begins to fail and when it succeeds again, because the SDK drops spans silently.
    fn log_transition(&self, error: Option<&HttpError>) {
        let failed_before = self.failing.swap(error.is_some(), Ordering::Relaxed);
        match error {
            Some(error) if !failed_before => {
                let cause = with_causes(error.as_ref());
                tracing::warn!(
                    cause,
                    "spans cannot be sent and are dropped until the collector accepts them"
                );
            }
            None if failed_before => tracing::info!("spans are sent again"),
            _ => {}
        }
    }
}

/// The span of a request, from its head to its response; disabled if no spans are sent.
pub(crate) struct ServerSpan(Span);

impl ServerSpan {
    /// Starts the span, as a child of the caller's span if the request names one.
    pub(crate) fn start(request: &Request) -> Self {
        let method = request.method().as_str();
        let span = tracing::error_span!(target: TARGET, "request", otel.name = method, otel.kind = "server");
        if span.is_disabled() {
            return Self(span);
        }
        let parent = TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()));
        // Fails only if the span has already started or no layer records it.
        let _ = span.set_parent(parent);
        span.set_attribute("http.request.method", method.to_owned());
        span.set_attribute("url.path", request.uri().path().to_owned());
        span.set_attribute("url.scheme", request.scheme().to_string());
        span.set_attribute("network.protocol.version", version(request));
        if let Some(address) = request.remote_addr().as_socket_addr() {
            span.set_attribute("client.address", address.ip().to_string());
        }
        if let Some(agent) = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()) {
            span.set_attribute("user_agent.original", agent.to_owned());
        }
        Self(span)
    }

    /// Returns the span, for the work that is done in it.
    pub(crate) fn span(&self) -> Span {
        self.0.clone()
    }

    /// Returns the ids of the trace and of the span.
    pub(crate) fn ids(&self) -> Option<(String, String)> {
        let context = self.0.context().span().span_context().clone();
        context.is_valid().then(|| (context.trace_id().to_string(), context.span_id().to_string()))
    }

    /// Ends the span with the response, and adds its trace context to the headers of the response.
    pub(crate) fn end(self, method: &Method, operation: Option<&Operation>, response: &mut Response) {
        let Self(span) = self;
        if span.is_disabled() {
            return;
        }
        let context = span.context();
        let status = response.status();
        if let Some(Operation { path, .. }) = operation {
            context.span().update_name(format!("{method} {path}"));
            span.set_attribute("http.route", path.clone());
        }
        span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            span.set_attribute("error.type", status.as_str().to_owned());
            span.set_status(Status::error(""));
        }
        TraceContextPropagator::new().inject_context(&context, &mut HeaderInjector(response.headers_mut()));
    }
}

fn version(request: &Request) -> &'static str {
    match request.version() {
        poem::http::Version::HTTP_2 => "2",
        poem::http::Version::HTTP_10 => "1.0",
        _ => "1.1",
    }
}
