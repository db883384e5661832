use crate::operations;
use crate::problem::RefusalReason;
use metrics::Unit::{Bytes, Count, Seconds};
use metrics::{Counter, Unit, counter, describe_counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use service::status::DiscardReason;
use std::sync::OnceLock;
use strum::VariantArray;

/// The bucket bounds of request durations, in seconds: the defaults of Prometheus client libraries.
const REQUEST_BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// The bucket bounds of query durations, in seconds.
const QUERY_BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];

/// The unit and the description of each metric.
const HELP: [(&str, Unit, &str); 28] = [
    ("hyperfleet_api_build_info", Count, "Always 1; the labels say what is running"),
    ("hyperfleet_api_requests_total", Count, "Requests, by operation and status"),
    (
        "hyperfleet_api_request_duration_seconds",
        Seconds,
        "Time from the head of a request to the head of its response",
    ),
    ("hyperfleet_api_requests_in_flight", Count, "Requests in flight"),
    ("hyperfleet_api_refused_total", Count, "Refused requests and connections, by reason"),
    (
        "hyperfleet_api_issuer_key_fetches_total",
        Count,
        "Fetches of the signing keys of a token issuer, by result",
    ),
    ("hyperfleet_api_status_reports_discarded_total", Count, "Status reports not stored, by reason"),
    ("hyperfleet_api_reconciliation_started_total", Count, "Changes that started a reconciliation"),
    ("hyperfleet_api_resource_pending_reconciliation", Count, "Resources that are not reconciled"),
    (
        "hyperfleet_api_resource_pending_reconciliation_stuck",
        Count,
        "Resources that are not reconciled and past the threshold",
    ),
    (
        "hyperfleet_api_resource_pending_reconciliation_stuck_duration_seconds",
        Seconds,
        "How long the oldest of the stuck resources has waited",
    ),
    ("hyperfleet_db_query_duration_seconds", Seconds, "Duration of statements, by operation and table"),
    (
        "hyperfleet_db_pool_wait_seconds",
        Seconds,
        "Time that statements and transactions waited for a connection",
    ),
    ("hyperfleet_db_errors_total", Count, "Failed statements, by operation and type of error"),
    ("hyperfleet_db_retries_total", Count, "Transactions that were retried"),
    ("hyperfleet_db_connections_open", Count, "Open connections to the database"),
    ("hyperfleet_db_connections_in_use", Count, "Connections that statements are using"),
    ("hyperfleet_changes_head", Count, "Number up to which the log of changes is complete"),
    ("hyperfleet_changes_lag_seconds", Seconds, "Age of the latest change when it was published"),
    ("hyperfleet_changes_hole_wait_seconds", Seconds, "How long the log has waited for an unfinished change"),
    ("hyperfleet_changes_holes_total", Count, "Gaps in the numbers of changes, by how they were resolved"),
    ("hyperfleet_page_index_bytes", Bytes, "Memory of the indexes of lists"),
    ("hyperfleet_page_index_lists", Count, "Lists that have an index"),
    ("hyperfleet_page_index_reads_total", Count, "Pages and totals read from an index, by result"),
    ("hyperfleet_changes_memory_bytes", Bytes, "Memory of the latest changes"),
    ("hyperfleet_changes_streams", Count, "Streams and requests that wait for changes"),
    ("hyperfleet_changes_catchup_reads_total", Count, "Database reads for followers that had fallen behind"),
    ("hyperfleet_changes_gone_total", Count, "Followers that had to list again"),
];

/// Counts a request or a connection that is refused for this reason.
pub(crate) fn count_refused(reason: RefusalReason) {
    refused(reason).increment(1);
}

fn refused(reason: RefusalReason) -> Counter {
    counter!("hyperfleet_api_refused_total", "reason" => <&'static str>::from(reason))
}

/// The metrics of the process.
#[derive(Clone)]
pub struct Recorder(PrometheusHandle);

impl Recorder {
    /// Installs the recorder, or returns the one that is installed. Every metric exists from the start with the value
    /// zero, because a rate or an alert needs an initial value.
    pub fn install() -> Self {
        static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
        let handle = HANDLE.get_or_init(|| {
            let recorder = builder().unwrap_or_default().build_recorder();
            let handle = recorder.handle();
            // Fails only if another recorder is installed, and this process has no other.
            let _ = metrics::set_global_recorder(recorder);
            register();
            handle
        });
        Self(handle.clone())
    }

    /// Returns the metrics in the text format of Prometheus, ordered by name and labels.
    pub fn render(&self) -> String {
        let text = self.0.render();
        let mut families: Vec<Vec<&str>> =
            text.trim_end().split("\n\n").map(|family| family.lines().collect()).collect();
        // The bound is the last label and is removed here, so that buckets stay in the order of their bounds.
        let series = |line: &&str| {
            let labels = line.split_once('{').map_or("", |(_, labels)| labels);
            let labels = labels.split(",le=\"").next().and_then(|labels| labels.split('}').next());
            (!line.starts_with('#'), labels.unwrap_or_default().to_owned())
        };
        families.iter_mut().for_each(|family| family.sort_by_cached_key(series));
        families.sort_by_key(|family| family.first().and_then(|line| line.split(' ').nth(2)));
        families.iter().map(|family| family.join("\n") + "\n\n").collect()
    }

    /// Performs the upkeep that bounds the memory of the metrics; must be called every few seconds.
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
    for (name, unit, help) in HELP {
        // The exporter keeps one description per name, regardless of the type of the metric.
        describe_counter!(name, unit, help);
    }
    let build = [("commit", crate::COMMIT), ("rust_version", crate::RUST_VERSION)];
    gauge!("hyperfleet_api_build_info", &build).set(1.0);
    gauge!("hyperfleet_api_requests_in_flight").set(0.0);
    gauge!("hyperfleet_changes_streams").set(0.0);
    for reason in RefusalReason::VARIANTS {
        refused(*reason).increment(0);
    }
    for reason in DiscardReason::ALL {
        let reason: &str = reason.into();
        counter!("hyperfleet_api_status_reports_discarded_total", "reason" => reason).increment(0);
    }
    for operation in operations::all() {
        let Some(code) = operation.success.clone() else { continue };
        let labels = operation.labels(code);
        counter!("hyperfleet_api_requests_total", &labels).increment(0);
        let _ = histogram!("hyperfleet_api_request_duration_seconds", &labels);
    }
    service::metrics::register();
    metrics_process::Collector::default().describe();
}
