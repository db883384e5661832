//! The sections of the configuration. The doc comment of a field is also the help text of its flag.

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use service::change::Retention;
use service::dialect::Dialect;
use tracing::Level;

use super::error::ConfigError;
use super::jwt::Jwt;
use super::parse::{ListOf, adapters, duration, host, http_url, names, number, origins, size};

/// The listener of the API, its limits and its callers.
#[derive(Debug, Clone, Args)]
pub struct Server {
    /// The address the API listens on; 0.0.0.0 for every address.
    #[arg(id = "server.host", default_value = "localhost", value_parser = host)]
    pub host: String,
    /// The port the API listens on; 0 picks a free one.
    #[arg(id = "server.port", default_value = "8000", value_parser = number::<u16>(0, 65_535))]
    pub port: u16,
    /// The OpenAPI file (YAML or JSON) whose ClusterSpec and NodePoolSpec every spec must match; if not set, any object
    /// is accepted.
    #[arg(id = "server.openapi_schema_path", env = "OPENAPI_SCHEMA_PATH")]
    pub openapi_schema_path: Option<PathBuf>,
    /// The maximum size of a request body.
    #[arg(id = "server.max_body_bytes", default_value = "1MiB", value_parser = size("1KiB", "64MiB"))]
    pub max_body_bytes: usize,
    /// The maximum number of items in one page of a list.
    #[arg(id = "server.max_page_size", default_value = "500", value_parser = number::<u32>(1, 10_000))]
    pub max_page_size: u32,
    /// The maximum size of the items in one page of a list; the page ends before an item that would exceed it.
    #[arg(id = "server.max_page_bytes", default_value = "8MiB", value_parser = size("1KiB", "1GiB"))]
    pub max_page_bytes: usize,
    /// The maximum memory for large pages that are waiting to be sent; further requests wait. Not less than
    /// server.max_page_bytes.
    #[arg(id = "server.max_page_memory", default_value = "12MiB", value_parser = size("1KiB", "64GiB"))]
    pub max_page_memory: usize,
    /// The maximum memory for the indexes of lists, with which totals and pages by number cost the same at any depth
    /// and size. 0 disables the indexes.
    #[arg(id = "server.page_index_memory", default_value = "16MiB", value_parser = size("0B", "64GiB"))]
    pub page_index_memory: usize,
    /// The maximum time for one request, including its body.
    #[arg(id = "server.request_timeout", default_value = "30s", value_parser = duration("10ms", "1h"))]
    pub request_timeout: Duration,
    /// The maximum time from the opening of a connection to the end of its first request head.
    #[arg(id = "server.header_timeout", default_value = "10s", value_parser = duration("10ms", "1h"))]
    pub header_timeout: Duration,
    /// The maximum size of a request head: the address and the header fields.
    #[arg(id = "server.max_header_bytes", default_value = "64KiB", value_parser = size("1KiB", "256KiB"))]
    pub max_header_bytes: usize,
    /// The maximum time that a client may pause while it sends a request body.
    #[arg(id = "server.stall_timeout", default_value = "5s", value_parser = duration("10ms", "1h"))]
    pub stall_timeout: Duration,
    /// The maximum time that a connection may be idle: without an open request, or without reading its response.
    #[arg(id = "server.idle_timeout", default_value = "75s", value_parser = duration("10ms", "24h"))]
    pub idle_timeout: Duration,
    /// The maximum memory for request bodies; requests beyond it are answered with 503. Not less than
    /// server.max_body_bytes.
    #[arg(id = "server.max_body_memory", default_value = "64MiB", value_parser = size("1KiB", "64GiB"))]
    pub max_body_memory: usize,
    /// The maximum number of open connections, in addition to changes.max_streams; a further connection replaces an
    /// idle one, or is closed.
    #[arg(id = "server.max_connections", default_value = "1024", value_parser = number::<usize>(1, 1_000_000))]
    pub max_connections: usize,
    /// The maximum number of open requests on one HTTP/2 connection.
    #[arg(id = "server.max_streams", default_value = "100", value_parser = number::<u32>(1, 10_000))]
    pub max_streams: u32,
    /// The maximum number of requests in flight; further requests are answered with 503.
    #[arg(id = "server.max_in_flight", default_value = "512", value_parser = number::<usize>(1, 100_000))]
    pub max_in_flight: usize,
    /// The maximum time for requests in flight to finish after a stop signal.
    #[arg(id = "server.shutdown_timeout", default_value = "20s", value_parser = duration("0s", "10m"))]
    pub shutdown_timeout: Duration,
    /// The certificate chain (PEM) for HTTPS, starting with the server's own certificate; if not set, plain HTTP is
    /// served.
    #[arg(id = "server.tls.cert_file")]
    tls_cert_file: Option<PathBuf>,
    /// The private key (PEM) of the certificate.
    #[arg(id = "server.tls.key_file")]
    tls_key_file: Option<PathBuf>,
    /// The settings of authentication.
    #[command(flatten)]
    pub jwt: Jwt,
    /// Whether the console, a page that shows the fleet, is served at /console.
    #[arg(id = "server.console.enabled", default_value = "true", action = clap::ArgAction::Set)]
    pub console: bool,
    /// The origins whose web pages may call the API, such as `https://console.example.com`.
    #[arg(id = "server.cors.allowed_origins", default_value = "[]", value_parser = origins)]
    pub allowed_origins: ListOf<String>,
}

impl Server {
    /// Returns the certificate chain and the private key for HTTPS, or `None` for plain HTTP.
    #[must_use]
    pub fn tls_files(&self) -> Option<(PathBuf, PathBuf)> {
        self.tls_cert_file.clone().zip(self.tls_key_file.clone())
    }

    pub(super) fn check_tls(&self) -> Result<(), ConfigError> {
        let (missing, set) = match (&self.tls_cert_file, &self.tls_key_file) {
            (Some(_), None) => ("key_file", "cert_file"),
            (None, Some(_)) => ("cert_file", "key_file"),
            _ => return Ok(()),
        };
        let problem = format!("must be set, since server.tls.{set} is set: HTTPS needs both");
        Err(ConfigError::new(missing, problem).within("server.tls"))
    }
}

/// The health port, which reports whether this process is alive and ready.
#[derive(Debug, Clone, Args)]
pub struct Health {
    /// The address the health port listens on; by default that of server.host.
    #[arg(id = "health.host", default_value = "localhost", hide_default_value = true, value_parser = host)]
    pub host: String,
    /// The port for probes: /healthz and /readyz.
    #[arg(id = "health.port", default_value = "8083", value_parser = number::<u16>(0, 65_535))]
    pub port: u16,
}

impl Health {
    /// Returns the address at which a process on the same machine reaches this listener, as `host:port`.
    ///
    /// A listener on every address (`0.0.0.0`, `::`) is reached over loopback.
    #[must_use]
    pub fn probe_address(&self) -> String {
        let host = match self.host.as_str() {
            "0.0.0.0" => "127.0.0.1",
            "::" => "::1",
            host => host,
        };
        if host.contains(':') { format!("[{host}]:{}", self.port) } else { format!("{host}:{}", self.port) }
    }
}

/// The metrics port and the measurement of unreconciled resources.
#[derive(Debug, Clone, Args)]
pub struct Metrics {
    /// The address the metrics port listens on; by default that of server.host.
    #[arg(id = "metrics.host", default_value = "localhost", hide_default_value = true, value_parser = host)]
    pub host: String,
    /// The port for scrapes: /metrics.
    #[arg(id = "metrics.port", default_value = "8080", value_parser = number::<u16>(0, 65_535))]
    pub port: u16,
    /// The time after which an unreconciled resource counts as stuck.
    #[arg(
        id = "metrics.reconciliation_stuck_threshold",
        default_value = "10m",
        value_parser = duration("1s", "8760h"),
    )]
    pub reconciliation_stuck_threshold: Duration,
    /// The interval at which unreconciled resources are counted.
    #[arg(id = "metrics.refresh_interval", default_value = "15s", value_parser = duration("10ms", "1h"))]
    pub refresh_interval: Duration,
}

/// The required adapters and the conditions that reports must contain.
#[derive(Debug, Clone, Args)]
pub struct Adapters {
    /// The adapters that must report on a cluster; if empty, all that have reported.
    #[arg(id = "adapters.required.cluster", default_value = "[]", value_parser = adapters)]
    pub required_cluster: ListOf<String>,
    /// The adapters that must report on a node pool; if empty, all that have reported.
    #[arg(id = "adapters.required.nodepool", default_value = "[]", value_parser = adapters)]
    pub required_nodepool: ListOf<String>,
    /// The maximum number of adapters that report on one resource.
    #[arg(id = "adapters.max_per_resource", default_value = "100", value_parser = number::<usize>(1, 10_000))]
    pub max_per_resource: usize,
    /// The condition types that every report must contain, such as Available,Applied,Health; other reports are refused.
    #[arg(id = "adapters.mandatory_conditions", default_value = "[]", value_parser = names)]
    pub mandatory_conditions: ListOf<String>,
}

/// The log of changes and its followers.
#[derive(Debug, Clone, Args)]
pub struct Changes {
    /// The time for which changes and the positions of followers are kept; by default 24h, on SQLite 1h.
    #[arg(id = "changes.retention", value_parser = duration("1m", "8760h"))]
    retention: Option<Duration>,
    /// The maximum number of changes that are kept, regardless of their age.
    #[arg(id = "changes.max_rows", default_value = "5000000", value_parser = number::<usize>(10_000, 1_000_000_000))]
    max_rows: usize,
    /// The maximum number of requests that wait for changes, including streams; further requests are answered with
    /// 429.
    #[arg(id = "changes.max_streams", default_value = "2000", value_parser = number::<usize>(1, 100_000))]
    pub max_streams: usize,
    /// The maximum number of requests of one caller that wait for changes; applies only if callers must present a
    /// token.
    #[arg(id = "changes.max_streams_per_caller", default_value = "200", value_parser = number::<usize>(1, 100_000))]
    pub max_streams_per_caller: usize,
}

impl Changes {
    /// Returns the retention of the log in a database of this engine.
    #[must_use]
    pub fn retention(&self, dialect: Dialect) -> Retention {
        let hours = if dialect.single_writer() { 1 } else { 24 };
        let time = self.retention.and_then(|time| TimeDelta::from_std(time).ok());
        Retention {
            time: time.unwrap_or(TimeDelta::hours(hours)),
            max_changes: i64::try_from(self.max_rows).unwrap_or(i64::MAX),
        }
    }
}

/// The log output.
#[derive(Debug, Clone, Args)]
pub struct Logging {
    /// The least severe level that is logged; debug adds connections that fail or are closed as idle, and JSON Web Keys
    /// that cannot be used.
    #[arg(
        id = "logging.level",
        default_value = "info",
        value_parser = PossibleValuesParser::new(["error", "warn", "info", "debug", "trace"])
            .try_map(|word| word.parse::<Level>()),
    )]
    pub level: Level,
    /// The format of log lines: text, json, or auto, which is text on a terminal and JSON elsewhere.
    #[arg(id = "logging.format", default_value = "auto", hide_possible_values = true)]
    pub format: LogFormat,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// Human-readable text.
    Text,
    /// One JSON object per line.
    Json,
}

/// The export of spans.
#[derive(Debug, Clone, Args)]
pub struct Tracing {
    /// The OpenTelemetry collector that spans are sent to over HTTP, usually on port 4318; if not set, no spans are
    /// sent.
    #[arg(id = "tracing.otlp_endpoint", env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_parser = http_url)]
    pub otlp_endpoint: Option<String>,
}
