//! Joins the settings to the fields of [`Config`].

use super::layers::Layers;
use super::types::{Adapters, Config, Listen, LogFormat, Logging, Metrics, Required, Server, Tls, Tracing};
use super::{database, jwt};

/// All sections, with the rules that span several settings applied.
pub(super) fn config(layers: &mut Layers<'_>) -> Config {
    let config = Config {
        server: server(layers),
        health: health(layers),
        metrics: metrics(layers),
        database: database::database(layers),
        adapters: Adapters {
            required: Required {
                cluster: layers.list("adapters.required.cluster"),
                nodepool: layers.list("adapters.required.nodepool"),
            },
            mandatory_conditions: layers.list("adapters.mandatory_conditions"),
        },
        logging: logging(layers),
        tracing: Tracing { otlp_endpoint: layers.text("tracing.otlp_endpoint") },
    };
    refuse_shared_ports(layers, &config);
    refuse_little_memory(layers, &config.server);
    config
}

fn server(layers: &mut Layers<'_>) -> Server {
    let host = layers.text("server.host").unwrap_or_default();
    Server {
        port: layers.number("server.port").unwrap_or_default(),
        openapi_schema_path: layers.path("server.openapi_schema_path"),
        max_body_bytes: layers.number("server.max_body_bytes").unwrap_or_default(),
        max_page_size: layers.number("server.max_page_size").unwrap_or_default(),
        request_timeout: layers.duration("server.request_timeout"),
        header_timeout: layers.duration("server.header_timeout"),
        max_header_bytes: layers.number("server.max_header_bytes").unwrap_or_default(),
        stall_timeout: layers.duration("server.stall_timeout"),
        idle_timeout: layers.duration("server.idle_timeout"),
        max_body_memory: layers.number("server.max_body_memory").unwrap_or_default(),
        max_connections: layers.number("server.max_connections").unwrap_or_default(),
        max_streams: layers.number("server.max_streams").unwrap_or_default(),
        max_in_flight: layers.number("server.max_in_flight").unwrap_or_default(),
        shutdown_timeout: layers.duration("server.shutdown_timeout"),
        tls: tls(layers),
        jwt: jwt::jwt(layers, &host),
        host,
    }
}

fn tls(layers: &mut Layers<'_>) -> Option<Tls> {
    let [cert, key] = ["server.tls.cert_file", "server.tls.key_file"];
    match (layers.path(cert), layers.path(key)) {
        (Some(cert_file), Some(key_file)) => return Some(Tls { cert_file, key_file }),
        (Some(_), None) if !layers.is_faulty(key) => layers.refuse(key, needed_beside(cert)),
        (None, Some(_)) if !layers.is_faulty(cert) => layers.refuse(cert, needed_beside(key)),
        _ => {}
    }
    None
}

fn needed_beside(given: &str) -> String {
    format!("must be given, since {given} is given: HTTPS needs both")
}

/// The health listener, which listens where the API does unless told otherwise.
pub(super) fn health(layers: &Layers<'_>) -> Listen {
    Listen { host: host_of(layers, "health.host"), port: layers.number("health.port").unwrap_or_default() }
}

fn metrics(layers: &Layers<'_>) -> Metrics {
    Metrics {
        host: host_of(layers, "metrics.host"),
        port: layers.number("metrics.port").unwrap_or_default(),
        reconciliation_stuck_threshold: layers.duration("metrics.reconciliation_stuck_threshold"),
        refresh_interval: layers.duration("metrics.refresh_interval"),
    }
}

fn host_of(layers: &Layers<'_>, key: &str) -> String {
    layers.text(key).or_else(|| layers.text("server.host")).unwrap_or_default()
}

/// How this process logs.
pub(super) fn logging(layers: &Layers<'_>) -> Logging {
    let level = layers.text("logging.level").and_then(|word| word.parse().ok());
    Logging {
        level: level.unwrap_or(tracing::Level::INFO),
        format: match layers.text("logging.format").as_deref() {
            Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            _ => LogFormat::Auto,
        },
    }
}

/// A body that is allowed must fit into the memory for bodies.
fn refuse_little_memory(layers: &mut Layers<'_>, server: &Server) {
    let [memory, body] = ["server.max_body_memory", "server.max_body_bytes"];
    if server.max_body_memory < server.max_body_bytes
        && ![memory, body].iter().any(|key| layers.is_faulty(key))
    {
        layers
            .refuse(memory, format!("must not be less than {body}: a body of that size could never be held"));
    }
}

/// Two listeners on one address would fail later, with a message that names neither setting.
fn refuse_shared_ports(layers: &mut Layers<'_>, config: &Config) {
    let (server, health, metrics) = (&config.server, &config.health, &config.metrics);
    let listeners = [
        ("server.port", &server.host, server.port),
        ("health.port", &health.host, health.port),
        ("metrics.port", &metrics.host, metrics.port),
    ];
    for (index, (key, host, port)) in listeners.iter().enumerate() {
        let earlier = listeners[..index].iter().find(|(_, h, p)| *port != 0 && p == port && h == host);
        if let Some((taken_by, _, _)) = earlier {
            layers.refuse(key, format!("already the port of {taken_by}; every listener needs its own"));
        }
    }
}
