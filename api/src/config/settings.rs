//! The sections of the configuration. A doc comment is also the help text of its flag.

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
use super::parse::{adapters, duration, host, http_url, names, number, origins, size};

/// The API's listener, its limits and its callers.
#[derive(Debug, Clone, Args)]
pub struct Server {
    /// Address the API listens on; 0.0.0.0 for every address.
    #[arg(id = "server.host", default_value = "localhost", value_parser = host)]
    pub host: String,
    /// Port the API listens on; 0 picks a free one.
    #[arg(id = "server.port", default_value = "8000", value_parser = number::<u16>(0, 65_535))]
    pub port: u16,
    /// OpenAPI file (YAML or JSON) whose ClusterSpec and NodePoolSpec every spec must match; none accepts any object.
    #[arg(id = "server.openapi_schema_path", env = "OPENAPI_SCHEMA_PATH")]
    pub openapi_schema_path: Option<PathBuf>,
    /// Largest request body.
    #[arg(id = "server.max_body_bytes", default_value = "1MiB", value_parser = size("1KiB", "64MiB"))]
    pub max_body_bytes: usize,
    /// Most items that one page of a list may hold.
    #[arg(id = "server.max_page_size", default_value = "500", value_parser = number::<u32>(1, 10_000))]
    pub max_page_size: u32,
    /// Most bytes that the items of one page of a list may take; the page ends where they would take more.
    #[arg(id = "server.max_page_bytes", default_value = "8MiB", value_parser = size("1KiB", "1GiB"))]
    pub max_page_bytes: usize,
    /// Total memory for large pages that are waiting to be sent; further requests wait. Not less than
    /// server.max_page_bytes.
    #[arg(id = "server.max_page_memory", default_value = "12MiB", value_parser = size("1KiB", "64GiB"))]
    pub max_page_memory: usize,
    /// Memory for the index of lists (totals, pages), with which pages by number and totals cost the same at any depth
    /// and size. 0 keeps no index.
    #[arg(id = "server.page_index_memory", default_value = "16MiB", value_parser = size("0B", "64GiB"))]
    pub page_index_memory: usize,
    /// Longest time that one request may take, its body included.
    #[arg(id = "server.request_timeout", default_value = "30s", value_parser = duration("10ms", "1h"))]
    pub request_timeout: Duration,
    /// Longest time from the opening of a connection to the end of its first request head.
    #[arg(id = "server.header_timeout", default_value = "10s", value_parser = duration("10ms", "1h"))]
    pub header_timeout: Duration,
    /// Largest head of a request: address and header fields.
    #[arg(id = "server.max_header_bytes", default_value = "64KiB", value_parser = size("1KiB", "256KiB"))]
    pub max_header_bytes: usize,
    /// Longest pause of a client within the body of a request.
    #[arg(id = "server.stall_timeout", default_value = "5s", value_parser = duration("10ms", "1h"))]
    pub stall_timeout: Duration,
    /// Longest time that a connection may be idle: without an open request, or without reading its answer.
    #[arg(id = "server.idle_timeout", default_value = "75s", value_parser = duration("10ms", "24h"))]
    pub idle_timeout: Duration,
    /// Total memory for request bodies; requests beyond it are answered 503. Not less than server.max_body_bytes.
    #[arg(id = "server.max_body_memory", default_value = "64MiB", value_parser = size("1KiB", "64GiB"))]
    pub max_body_memory: usize,
    /// Connections held open at once; one more takes the place of one that is idle, or is closed.
    #[arg(id = "server.max_connections", default_value = "1024", value_parser = number::<usize>(1, 1_000_000))]
    pub max_connections: usize,
    /// Requests that one HTTP/2 connection may have open at once.
    #[arg(id = "server.max_streams", default_value = "100", value_parser = number::<u32>(1, 10_000))]
    pub max_streams: u32,
    /// Requests worked on at once; more are answered 503.
    #[arg(id = "server.max_in_flight", default_value = "512", value_parser = number::<usize>(1, 100_000))]
    pub max_in_flight: usize,
    /// Longest time that requests in flight may take after a signal to stop.
    #[arg(id = "server.shutdown_timeout", default_value = "20s", value_parser = duration("0s", "10m"))]
    pub shutdown_timeout: Duration,
    /// Certificate chain (PEM) to serve HTTPS with, the server's own certificate first; none serves plain HTTP.
    #[arg(id = "server.tls.cert_file")]
    tls_cert_file: Option<PathBuf>,
    /// Private key (PEM) of the certificate.
    #[arg(id = "server.tls.key_file")]
    tls_key_file: Option<PathBuf>,
    /// Who may call.
    #[command(flatten)]
    pub jwt: Jwt,
    /// Whether the page for looking at the fleet is served at /console.
    #[arg(id = "server.console.enabled", default_value = "true", action = clap::ArgAction::Set)]
    pub console: bool,
    /// Origins whose web pages may call, such as `https://console.example.com`.
    #[arg(id = "server.cors.allowed_origins", default_value = "[]", value_parser = origins)]
    pub allowed_origins: std::vec::Vec<String>,
}

impl Server {
    /// The certificate chain and the private key for HTTPS; none serves plain HTTP.
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

/// The port that tells whether this process is alive and ready.
#[derive(Debug, Clone, Args)]
pub struct Health {
    /// Address the health port listens on; by default that of server.host.
    #[arg(id = "health.host", default_value = "localhost", hide_default_value = true, value_parser = host)]
    pub host: String,
    /// Port for probes: /healthz and /readyz.
    #[arg(id = "health.port", default_value = "8083", value_parser = number::<u16>(0, 65_535))]
    pub port: u16,
}

impl Health {
    /// The address at which a process on the same machine reaches this listener, as `host:port`.
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

/// The metrics port and what is measured there.
#[derive(Debug, Clone, Args)]
pub struct Metrics {
    /// Address the metrics port listens on; by default that of server.host.
    #[arg(id = "metrics.host", default_value = "localhost", hide_default_value = true, value_parser = host)]
    pub host: String,
    /// Port for scraping: /metrics.
    #[arg(id = "metrics.port", default_value = "8080", value_parser = number::<u16>(0, 65_535))]
    pub port: u16,
    /// How long a resource may stay unreconciled before it counts as stuck.
    #[arg(
        id = "metrics.reconciliation_stuck_threshold",
        default_value = "10m",
        value_parser = duration("1s", "8760h"),
    )]
    pub reconciliation_stuck_threshold: Duration,
    /// How often the unreconciled resources are counted.
    #[arg(id = "metrics.refresh_interval", default_value = "15s", value_parser = duration("10ms", "1h"))]
    pub refresh_interval: Duration,
}

/// Whose reports are required and what they must contain.
#[derive(Debug, Clone, Args)]
pub struct Adapters {
    /// Adapters that must report on a cluster; if empty, all that have reported.
    #[arg(id = "adapters.required.cluster", default_value = "[]", value_parser = adapters)]
    pub required_cluster: std::vec::Vec<String>,
    /// Adapters that must report on a node pool; if empty, all that have reported.
    #[arg(id = "adapters.required.nodepool", default_value = "[]", value_parser = adapters)]
    pub required_nodepool: std::vec::Vec<String>,
    /// Adapters that may report on one resource.
    #[arg(id = "adapters.max_per_resource", default_value = "100", value_parser = number::<usize>(1, 10_000))]
    pub max_per_resource: usize,
    /// Condition types without which a report is refused, such as Available,Applied,Health.
    #[arg(id = "adapters.mandatory_conditions", default_value = "[]", value_parser = names)]
    pub mandatory_conditions: std::vec::Vec<String>,
}

/// The log of changes and those who follow it.
#[derive(Debug, Clone, Args)]
pub struct Changes {
    /// How long changes are kept, and with them the positions of those who follow; by default 24h, on SQLite 1h.
    #[arg(id = "changes.retention", value_parser = duration("1m", "8760h"))]
    retention: Option<Duration>,
    /// Most changes that are kept, whatever their age.
    #[arg(id = "changes.max_rows", default_value = "5000000", value_parser = number::<usize>(10_000, 1_000_000_000))]
    max_rows: usize,
    /// Requests that may wait for changes at once, streams included; more are answered 429.
    #[arg(id = "changes.max_streams", default_value = "2000", value_parser = number::<usize>(1, 100_000))]
    pub max_streams: usize,
    /// The same for each caller, where callers must say who they are.
    #[arg(id = "changes.max_streams_per_caller", default_value = "200", value_parser = number::<usize>(1, 100_000))]
    pub max_streams_per_caller: usize,
}

impl Changes {
    /// What is kept of the log in a database of this engine.
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

/// What is written to standard output.
#[derive(Debug, Clone, Args)]
pub struct Logging {
    /// Least severe level that is logged; debug adds connections that fail or are closed as idle, and keys that are left
    /// out.
    #[arg(
        id = "logging.level",
        default_value = "info",
        value_parser = PossibleValuesParser::new(["error", "warn", "info", "debug", "trace"])
            .try_map(|word| word.parse::<Level>()),
    )]
    pub level: Level,
    /// How log lines look: text, json, or auto, which is text on a terminal and JSON elsewhere.
    #[arg(id = "logging.format", default_value = "auto", hide_possible_values = true)]
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where spans are sent.
#[derive(Debug, Clone, Args)]
pub struct Tracing {
    /// OpenTelemetry collector that spans are sent to over HTTP, usually on port 4318; none sends nothing.
    #[arg(id = "tracing.otlp_endpoint", env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_parser = http_url)]
    pub otlp_endpoint: Option<String>,
}
