use crate::limits::Refusal;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use service::status::DiscardReason;
use std::sync::OnceLock;

/// Bounds of request durations in seconds: the usual ones of the field.
const REQUEST_BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Bounds of query durations in seconds.
const QUERY_BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];

/// The metrics of the process.
#[derive(Clone)]
pub struct Recorder(PrometheusHandle);

impl Recorder {
    /// Starts recording, or joins what records already. Every metric exists from the start, at zero: a rate
    /// or an alert needs a first value to start from.
    pub fn install() -> Self {
        static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
        let handle = HANDLE.get_or_init(|| {
            let recorder = builder().unwrap_or_default().build_recorder();
            let handle = recorder.handle();
            // Only another recorder of this process could be in the way, and there is none.
            let _ = metrics::set_global_recorder(recorder);
            register();
            handle
        });
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

fn builder() -> Result<PrometheusBuilder, BuildError> {
    let named = |name: &str| Matcher::Full(name.to_owned());
    PrometheusBuilder::new()
        .add_global_label("component", "api")
        .add_global_label("version", crate::VERSION)
        .set_buckets_for_metric(named("hyperfleet_api_request_duration_seconds"), &REQUEST_BUCKETS)?
        .set_buckets_for_metric(named("hyperfleet_db_query_duration_seconds"), &QUERY_BUCKETS)?
        .set_buckets_for_metric(named("hyperfleet_db_pool_wait_seconds"), &QUERY_BUCKETS)
}

fn register() {
    let build = [("commit", crate::COMMIT), ("rust_version", crate::RUST_VERSION)];
    gauge!("hyperfleet_api_build_info", &build).set(1.0);
    gauge!("hyperfleet_api_requests_in_flight").set(0.0);
    for reason in Refusal::REASONS {
        counter!("hyperfleet_api_refused_total", "reason" => reason).increment(0);
    }
    for reason in DiscardReason::ALL {
        let reason = reason.as_str();
        counter!("hyperfleet_api_status_reports_discarded_total", "reason" => reason).increment(0);
    }
    for (_, method, path) in crate::openapi::operations() {
        let Some(code) = crate::openapi::success_of(&method, &path) else { continue };
        let labels = [("method", method), ("path", template(&path)), ("code", code)];
        counter!("hyperfleet_api_requests_total", &labels).increment(0);
        let _ = histogram!("hyperfleet_api_request_duration_seconds", &labels);
    }
    service::metrics::register();
    metrics_process::Collector::default().describe();
}

/// The path of an operation in metrics: ids would make a series of their own each.
pub(crate) fn template(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "-" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
