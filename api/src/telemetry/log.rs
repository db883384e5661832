use super::request::{self, RequestContext};
use super::trace::Traces;
use crate::config::settings::{LogFormat, Logging, Tracing};
use json_subscriber::JsonLayer;
use std::io::IsTerminal;
use tracing::Subscriber;
use tracing_subscriber::fmt::time::SystemTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Starts logging and, if an endpoint for spans is configured, tracing, which the caller must stop at the end. A
/// process has one log: later calls do not change it. Requires a Tokio runtime if spans are sent.
///
/// # Errors
/// The endpoint for spans cannot be used.
pub fn start(logging: &Logging, spans: &Tracing) -> Result<Option<Traces>, String> {
    let traces = Traces::start(spans)?;
    let filter = filter(logging.level);
    let terminal = std::io::stdout().is_terminal();
    let json = match logging.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let text = || {
        tracing_subscriber::fmt::layer().with_writer(std::io::stdout).with_ansi(terminal).with_target(false)
    };
    let lines =
        if json { json_lines().with_filter(filter).boxed() } else { text().with_filter(filter).boxed() };
    // A list instead of an optional layer: if that layer is absent, everything that the log filters out would become a
    // span.
    let exporter = traces.as_ref().map(|traces| traces.layer().boxed());
    let layers: Vec<_> = [lines].into_iter().chain(exporter).collect();
    let started = tracing_subscriber::registry().with(layers).try_init();
    if started.is_ok() && !json {
        request::set_logs_text();
    }
    Ok(traces)
}

/// Logs warnings as text to standard error, for commands other than `serve`.
pub fn warn_on_stderr() {
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).without_time().with_target(false);
    // A process has one log, and the first one is kept.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter(tracing::Level::WARN))).try_init();
}

/// Returns the layer that logs JSON objects: the time, the level, the target, the request and the fields of the event.
fn json_lines<S>() -> JsonLayer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    const REQUEST_ID: &str = "request_id";
    let mut lines = JsonLayer::stdout();
    lines
        .with_timer("timestamp", SystemTime)
        .with_level("level")
        .with_target("target")
        .with_flattened_event();
    lines.add_dynamic_field(REQUEST_ID, |event, _| {
        let told = event.fields().any(|field| field.name() == REQUEST_ID);
        RequestContext::request_id().filter(|_| !told)
    });
    lines.add_dynamic_field("trace_id", |_, _| RequestContext::trace().map(|(trace, _)| trace));
    lines.add_dynamic_field("span_id", |_, _| RequestContext::trace().map(|(_, span)| span));
    lines
}

/// Returns the filter for this level.
fn filter(level: tracing::Level) -> EnvFilter {
    // These crates log whole statements and addresses at their lower levels. This program is named, because `hyper`
    // matches every target that starts with it. The audit log is written at every level. The spans of requests are only
    // for traces; log lines contain the id of their request.
    EnvFilter::new(format!(
        "{0},hyperfleet_api={0},hyperfleet_api::request=off,audit=info,sqlx=warn,sea_orm=warn,sea_orm_migration=warn,hyper=warn,hyper_util=warn,reqwest=warn,h2=warn,poem=warn,opentelemetry=warn,opentelemetry_sdk=warn,opentelemetry_otlp=warn",
        level
    ))
}

#[cfg(test)]
mod tests {
    use super::filter;
    use tracing::Level;
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn the_audit_is_written_at_every_level() {
        for level in [Level::ERROR, Level::WARN, Level::INFO] {
            let subscriber = tracing_subscriber::registry().with(filter(level));
            tracing::subscriber::with_default(subscriber, || {
                assert!(tracing::enabled!(target: "audit", Level::INFO), "{level}");
                assert_eq!(tracing::enabled!(target: "hyperfleet_api", Level::INFO), level == Level::INFO);
                assert!(!tracing::enabled!(target: "hyper::proto", Level::INFO));
            });
        }
    }
}
