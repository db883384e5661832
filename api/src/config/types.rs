//! What the rest of the program receives: values that need no further checking.

use std::path::PathBuf;
use std::time::Duration;

use super::secret::DatabaseUrl;

/// All settings of `serve`.
#[derive(Debug, Clone)]
pub struct Config {
    /// The API itself.
    pub server: Server,
    /// The port that tells whether this process is alive and ready.
    pub health: Listen,
    /// The port that metrics are scraped from.
    pub metrics: Metrics,
    /// Where everything is stored.
    pub database: Database,
    /// Whose reports count.
    pub adapters: Adapters,
    /// What is written to standard output.
    pub logging: Logging,
    /// Where spans are sent.
    pub tracing: Tracing,
}

/// The settings of `migrate`.
#[derive(Debug, Clone)]
pub struct MigrateConfig {
    /// The database to migrate.
    pub database: Database,
    /// What is written to standard output.
    pub logging: Logging,
}

/// The settings of `healthcheck`.
#[derive(Debug, Clone)]
pub struct HealthcheckConfig {
    /// The health port of the server that is asked.
    pub health: Listen,
}

/// The API's listener, its limits and its callers.
#[derive(Debug, Clone)]
pub struct Server {
    /// Host name or address to listen on, without a port.
    pub host: String,
    /// Port to listen on; 0 lets the system choose a free one.
    pub port: u16,
    /// OpenAPI file whose `ClusterSpec` and `NodePoolSpec` every spec must match; none accepts any object.
    pub openapi_schema_path: Option<PathBuf>,
    /// Largest request body accepted, in bytes.
    pub max_body_bytes: usize,
    /// Largest page a list may be asked for.
    pub max_page_size: u32,
    /// Longest time one request may take, body included.
    pub request_timeout: Duration,
    /// Longest time from the opening of a connection to the end of its first request head.
    pub header_timeout: Duration,
    /// Largest head of a request, in bytes: address and header fields.
    pub max_header_bytes: usize,
    /// Longest time a client may pause within the body of a request.
    pub stall_timeout: Duration,
    /// Longest time a connection may be idle: without an open request, or without reading its answer.
    pub idle_timeout: Duration,
    /// Bytes of bodies held at once, over all requests; further ones are answered 503. Not less than
    /// `max_body_bytes`.
    pub max_body_memory: usize,
    /// Connections held open at once; a further one takes the place of one that is idle, or is closed.
    pub max_connections: usize,
    /// Requests that one HTTP/2 connection may have open at once.
    pub max_streams: u32,
    /// Requests worked on at once; further ones are answered 503.
    pub max_in_flight: usize,
    /// Longest time requests in flight may take to finish after a signal to stop.
    pub shutdown_timeout: Duration,
    /// Certificate and key; none serves plain HTTP.
    pub tls: Option<Tls>,
    /// Who may call.
    pub jwt: Jwt,
}

/// A certificate and its private key, both PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Certificate chain, the server's own first.
    pub cert_file: PathBuf,
    /// Private key of the first certificate.
    pub key_file: PathBuf,
}

/// Bearer tokens.
#[derive(Debug, Clone)]
pub struct Jwt {
    /// Whether callers must present a token. When true there is at least one issuer.
    pub enabled: bool,
    /// The issuers whose tokens are accepted.
    pub issuers: Vec<IssuerConfig>,
}

/// One issuer of tokens. At least one of `jwk_cert_url` and `jwk_cert_file` is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerConfig {
    /// What the `iss` claim must equal.
    pub issuer_url: String,
    /// Where the issuer publishes its keys: https, or http on this very machine.
    pub jwk_cert_url: Option<String>,
    /// A JWKS document with the issuer's keys.
    pub jwk_cert_file: Option<PathBuf>,
    /// Certificate authority (PEM) that vouches for `jwk_cert_url`; none means the public ones.
    pub jwk_cert_ca_file: Option<PathBuf>,
    /// What the `aud` claim must contain; none accepts every audience.
    pub audience: Option<String>,
    /// The claim that names the caller; none means `email`, else `sub`.
    pub identity_claim: Option<String>,
}

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// Host name or address, without a port.
    pub host: String,
    /// Port; 0 lets the system choose a free one.
    pub port: u16,
}

/// The metrics port and what is measured there.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Host name or address to listen on, without a port.
    pub host: String,
    /// Port to listen on; 0 lets the system choose a free one.
    pub port: u16,
    /// How long a resource may stay unreconciled before it counts as stuck.
    pub reconciliation_stuck_threshold: Duration,
    /// How often the resources that wait for reconciliation are counted.
    pub refresh_interval: Duration,
}

/// The database and how it is used.
#[derive(Debug, Clone)]
pub struct Database {
    /// Where everything is stored.
    pub url: DatabaseUrl,
    /// A replica of the same engine that answers reads; none reads from `url`.
    pub read_url: Option<DatabaseUrl>,
    /// Longest wait for a PostgreSQL that is away when `serve` starts.
    pub startup_timeout: Duration,
    /// Whether `serve` applies pending migrations; none leaves it to the engine's own default.
    pub auto_migrate: Option<bool>,
    /// Longest wait of SQLite for another process that writes to the same file.
    pub busy_timeout: Duration,
    /// Connections.
    pub pool: Pool,
}

/// The connections to the database.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Connections at most; none leaves it to the engine's own default.
    pub max_connections: Option<u32>,
    /// Connections for when the database stands still; none leaves it to the engine's own default, and to
    /// `max_connections`.
    pub reserve_connections: Option<u32>,
    /// Longest time a request waits for a connection; none leaves it to how long connecting takes.
    pub acquire_timeout: Option<Duration>,
}

/// Whose reports count and what they must say.
#[derive(Debug, Clone)]
pub struct Adapters {
    /// The adapters that must report, by kind of resource.
    pub required: Required,
    /// Condition types without which a report is refused.
    pub mandatory_conditions: Vec<String>,
}

/// Adapters that must report; an empty list counts every adapter that has reported.
#[derive(Debug, Clone)]
pub struct Required {
    /// For clusters.
    pub cluster: Vec<String>,
    /// For node pools.
    pub nodepool: Vec<String>,
}

/// What is written to standard output.
#[derive(Debug, Clone)]
pub struct Logging {
    /// The least severe level that is written.
    pub level: tracing::Level,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where spans are sent.
#[derive(Debug, Clone)]
pub struct Tracing {
    /// An OTLP collector; none sends nothing.
    pub otlp_endpoint: Option<String>,
}

impl Listen {
    /// The address at which a process on the same machine reaches this listener, as `host:port`.
    ///
    /// A listener on every address (`0.0.0.0`, `::`) is reached over loopback.
    #[must_use]
    pub fn probe_address(&self) -> String {
        let host = match self.host.trim_matches(['[', ']']) {
            "0.0.0.0" => "127.0.0.1",
            "::" => "::1",
            host => host,
        };
        if host.contains(':') { format!("[{host}]:{}", self.port) } else { format!("{host}:{}", self.port) }
    }
}
