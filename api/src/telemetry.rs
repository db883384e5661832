//! Logs and metrics.

use crate::config::{LogFormat, Logging};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::io::IsTerminal;
use std::sync::OnceLock;
use tracing_subscriber::EnvFilter;

/// Bounds of request durations in seconds: the usual ones of the field.
const REQUEST_BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Bounds of query durations in seconds.
const QUERY_BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];

/// Starts logging as configured. Later calls in the same process change nothing.
pub fn log(logging: &Logging) {
    let filter = EnvFilter::new(format!("{},sqlx=warn,sea_orm=warn,hyper=warn,poem=warn", logging.level));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stdout);
    let json = match logging.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stdout().is_terminal(),
    };
    // A process has one subscriber: the tests start many servers in one.
    let _ = match json {
        true => subscriber.json().flatten_event(true).try_init(),
        false => subscriber.with_ansi(std::io::stdout().is_terminal()).try_init(),
    };
}

/// The metrics of the process.
#[derive(Clone)]
pub struct Recorder(PrometheusHandle);

impl Recorder {
    /// Starts recording, or joins what records already.
    pub fn install() -> Self {
        static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
        let handle = HANDLE.get_or_init(|| {
            let builder = PrometheusBuilder::new();
            let query = |name: &str| Matcher::Full(name.to_owned());
            let builder = builder
                .set_buckets_for_metric(query("hyperfleet_api_request_duration_seconds"), &REQUEST_BUCKETS)
                .and_then(|b| {
                    b.set_buckets_for_metric(query("hyperfleet_db_query_duration_seconds"), &QUERY_BUCKETS)
                })
                .and_then(|b| {
                    b.set_buckets_for_metric(query("hyperfleet_db_pool_wait_seconds"), &QUERY_BUCKETS)
                })
                .unwrap_or_default();
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            // Only another recorder of this process could be in the way, and there is none.
            let _ = metrics::set_global_recorder(recorder);
            handle
        });
        let build = metrics::gauge!(
            "hyperfleet_api_build_info",
            "component" => "api", "version" => crate::VERSION, "commit" => crate::COMMIT
        );
        build.set(1.0);
        Self(handle.clone())
    }

    /// The metrics in the text format of Prometheus.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Drops what is too old to matter; to be called every few seconds.
    pub fn tidy(&self) {
        self.0.run_upkeep();
    }
}
