//! The table of settings. Flags, environment variables, help and checks all come from it.
//!
//! To add a setting: add a row here, a field in `types.rs`, and the line in `build.rs` that joins the two.

use super::value::Kind;

/// One setting: its name, what it accepts, and what it is when nobody says anything.
#[derive(Debug)]
pub struct Setting {
    /// Dotted name as in the YAML file, such as `server.port`. Flag and environment variable follow from it.
    pub key: &'static str,
    /// What values are accepted.
    pub(super) kind: Kind,
    /// What holds when the setting is not given.
    pub(super) default: Fallback,
    /// One sentence for people who see the setting for the first time.
    pub help: &'static str,
    /// Environment variables read when the setting's own is not set, first one first.
    also_env: &'static [&'static str],
}

/// What holds when a setting is not given.
#[derive(Debug)]
pub(super) enum Fallback {
    /// This value, written as in the environment.
    Value(&'static str),
    /// No value; the words say what happens then.
    Absent(&'static str),
}

impl Setting {
    /// Name of the command-line flag, without dashes in front: `server-port`.
    #[must_use]
    pub fn flag(&self) -> String {
        self.key.replace(['.', '_'], "-")
    }

    /// Names of the environment variables, the one that wins first.
    #[must_use]
    pub fn environment(&self) -> Vec<String> {
        let own = format!("HYPERFLEET_{}", self.key.replace('.', "_").to_uppercase());
        std::iter::once(own).chain(self.also_env.iter().map(|&name| name.to_owned())).collect()
    }

    /// The default in words, for help.
    #[must_use]
    pub fn default_text(&self) -> &'static str {
        match self.default {
            Fallback::Value("") => "empty",
            Fallback::Value(text) | Fallback::Absent(text) => text,
        }
    }

    /// A word for the value in help, such as `DURATION`.
    #[must_use]
    pub fn value_name(&self) -> &'static str {
        self.kind.name()
    }

    /// Whether the bare flag means `true`.
    #[must_use]
    pub fn is_switch(&self) -> bool {
        matches!(self.kind, Kind::Bool)
    }

    /// Whether values may hold a secret and are therefore never shown.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.kind.is_secret()
    }

    /// The same setting, read from these environment variables too.
    const fn also(mut self, names: &'static [&'static str]) -> Self {
        self.also_env = names;
        self
    }
}

/// A setting with a default value.
const fn setting(key: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Setting {
    Setting { key, kind, default: Fallback::Value(default), help, also_env: &[] }
}

/// A setting that may be left out; `otherwise` says what happens then.
const fn optional(key: &'static str, kind: Kind, otherwise: &'static str, help: &'static str) -> Setting {
    Setting { key, kind, default: Fallback::Absent(otherwise), help, also_env: &[] }
}

const PORT: Kind = Kind::Integer { min: 0, max: 65_535 };
const MS: u64 = 1;
const SECOND: u64 = 1_000 * MS;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// A duration within these limits, in milliseconds.
const fn duration(min: u64, max: u64) -> Kind {
    Kind::Duration { min, max }
}

/// A whole number within these limits.
const fn integer(min: u64, max: u64) -> Kind {
    Kind::Integer { min, max }
}

/// Every setting that is one value or one list. The list of issuers is read by `jwt.rs`.
pub static SETTINGS: &[Setting] = &[
    setting("server.host", Kind::Host, "localhost", "Address the API listens on; 0.0.0.0 for every address"),
    setting("server.port", PORT, "8000", "Port the API listens on; 0 picks a free one"),
    optional(
        "server.openapi_schema_path",
        Kind::File,
        "any object is accepted",
        "OpenAPI file (YAML or JSON) whose ClusterSpec and NodePoolSpec every spec must match",
    )
    .also(&["OPENAPI_SCHEMA_PATH"]),
    setting("server.max_body_bytes", Kind::Size { min: 1024, max: 64 << 20 }, "1MiB", "Largest request body"),
    setting("server.max_page_size", integer(1, 10_000), "500", "Most items one page of a list may hold"),
    setting("server.request_timeout", duration(10 * MS, HOUR), "30s", "Longest time one request may take"),
    setting(
        "server.header_timeout",
        duration(10 * MS, HOUR),
        "10s",
        "Longest wait for the head of a connection's first request",
    ),
    setting(
        "server.max_header_bytes",
        Kind::Size { min: 1024, max: 256 << 10 },
        "64KiB",
        "Largest head of a request: address and header fields",
    ),
    setting(
        "server.stall_timeout",
        duration(10 * MS, HOUR),
        "5s",
        "Longest pause of a sender within the body of a request",
    ),
    setting(
        "server.idle_timeout",
        duration(10 * MS, 24 * HOUR),
        "75s",
        "Longest time a connection may be idle between two requests",
    ),
    setting(
        "server.max_body_memory",
        Kind::Size { min: 1024, max: 64 << 30 },
        "64MiB",
        "Bodies held at once, all together; more are answered 503",
    ),
    setting("server.max_connections", integer(1, 1_000_000), "1024", "Connections held open at once"),
    setting(
        "server.max_streams",
        integer(1, 10_000),
        "100",
        "Requests that one HTTP/2 connection may have open at once",
    ),
    setting(
        "server.max_in_flight",
        integer(1, 100_000),
        "512",
        "Requests worked on at once; more are answered 503",
    ),
    setting(
        "server.shutdown_timeout",
        duration(0, 10 * MINUTE),
        "20s",
        "Longest wait for requests in flight when the server is told to stop",
    ),
    optional("server.tls.cert_file", Kind::File, "plain HTTP", "Certificate chain (PEM) to serve HTTPS with"),
    optional("server.tls.key_file", Kind::File, "plain HTTP", "Private key (PEM) of the certificate"),
    optional(
        "server.jwt.enabled",
        Kind::Bool,
        "false on a loopback host; on any other host it must be said",
        "Whether callers must present a token",
    ),
    optional("server.jwt.issuer_url", Kind::Text, "none", "Issuer of tokens: what the iss claim must equal"),
    optional("server.jwt.jwk_cert_url", Kind::KeyUrl, "none", "Where that issuer publishes its keys (JWKS)"),
    optional("server.jwt.jwk_cert_file", Kind::File, "none", "JWKS file with that issuer's keys"),
    optional(
        "server.jwt.jwk_cert_ca_file",
        Kind::File,
        "the public authorities",
        "Certificate authority (PEM) that vouches for the JWKS URL",
    ),
    optional("server.jwt.audience", Kind::Text, "any audience", "What the aud claim must contain"),
    optional("server.jwt.identity_claim", Kind::Text, "email, else sub", "Claim that names the caller"),
    optional("health.host", Kind::Host, "the same as server.host", "Address the health port listens on"),
    setting("health.port", PORT, "8083", "Port for probes: /healthz and /readyz"),
    optional("metrics.host", Kind::Host, "the same as server.host", "Address the metrics port listens on"),
    setting("metrics.port", PORT, "8080", "Port for scraping: /metrics"),
    setting(
        "metrics.reconciliation_stuck_threshold",
        duration(SECOND, 8_760 * HOUR),
        "10m",
        "How long a resource may stay unreconciled before it counts as stuck",
    ),
    setting(
        "metrics.refresh_interval",
        duration(10 * MS, HOUR),
        "15s",
        "How often the resources that wait for reconciliation are counted",
    ),
    setting(
        "database.url",
        Kind::DatabaseUrl,
        "sqlite://hyperfleet.db?mode=rwc",
        "Database: a SQLite file, or postgres://user:password@host:5432/name",
    )
    .also(&["DATABASE_URL"]),
    optional("database.url_file", Kind::File, "none", "File that holds the database URL"),
    optional(
        "database.read_url",
        Kind::DatabaseUrl,
        "reads go to the database itself",
        "Replica of the database that answers reads",
    ),
    optional("database.read_url_file", Kind::File, "none", "File that holds the URL of the replica"),
    optional(
        "database.host",
        Kind::PostgresHost,
        "none",
        "PostgreSQL host or socket folder; used with the settings below when no URL is given",
    ),
    setting("database.port", integer(1, 65_535), "5432", "PostgreSQL port"),
    setting("database.name", Kind::Text, "hyperfleet", "PostgreSQL database"),
    setting("database.username", Kind::Text, "hyperfleet", "PostgreSQL user"),
    optional(
        "database.password",
        Kind::Secret,
        "none",
        "PostgreSQL password; a flag can be read by other users of the machine, a file cannot",
    ),
    optional("database.password_file", Kind::File, "none", "File that holds the PostgreSQL password"),
    optional(
        "database.ssl.mode",
        Kind::Choice(&["disable", "prefer", "require", "verify-ca", "verify-full"]),
        "prefer",
        "Encryption of the connection to PostgreSQL",
    ),
    optional(
        "database.ssl.root_cert_file",
        Kind::File,
        "the public authorities",
        "Certificate authority (PEM) that vouches for PostgreSQL",
    ),
    setting(
        "database.startup_timeout",
        duration(0, HOUR),
        "30s",
        "Longest wait for a PostgreSQL that is away when the server starts",
    ),
    optional(
        "database.auto_migrate",
        Kind::Bool,
        "true on SQLite, false on PostgreSQL",
        "Whether serve applies pending migrations itself",
    ),
    optional(
        "database.pool.max_connections",
        integer(1, 10_000),
        "PostgreSQL: four a core, 8 to 32; SQLite: one a core, 2 to 8",
        "Most connections to the database, those of the reserve apart",
    ),
    optional(
        "database.pool.reserve_connections",
        integer(0, 10_000),
        "PostgreSQL: up to 64 with the others, none if database.pool.max_connections is given; SQLite: none",
        "Connections that are only made while the database stands still, so that nobody is refused meanwhile",
    ),
    optional(
        "database.pool.acquire_timeout",
        duration(10 * MS, 5 * MINUTE),
        "200ms, or up to 1s where connecting takes long",
        "Longest wait of a request for a connection: a third for its turn, the rest for a free or a new one",
    ),
    setting(
        "database.busy_timeout",
        duration(0, 5 * MINUTE),
        "5s",
        "Longest wait of SQLite for another process that writes to the same file",
    ),
    setting(
        "adapters.required.cluster",
        Kind::List,
        "",
        "Adapters that must report on a cluster; empty counts every adapter that has reported",
    ),
    setting(
        "adapters.required.nodepool",
        Kind::List,
        "",
        "Adapters that must report on a node pool; empty counts every adapter that has reported",
    ),
    setting(
        "adapters.mandatory_conditions",
        Kind::List,
        "",
        "Condition types without which a report is refused, such as Available,Applied,Health",
    ),
    setting(
        "logging.level",
        Kind::Choice(&["error", "warn", "info", "debug", "trace"]),
        "info",
        "Least severe level that is logged",
    ),
    setting(
        "logging.format",
        Kind::Choice(&["auto", "text", "json"]),
        "auto",
        "How log lines look; auto is text on a terminal and JSON elsewhere",
    ),
    optional(
        "tracing.otlp_endpoint",
        Kind::HttpUrl,
        "off",
        "OpenTelemetry collector that spans are sent to over HTTP, usually on port 4318",
    )
    .also(&["OTEL_EXPORTER_OTLP_ENDPOINT"]),
];
