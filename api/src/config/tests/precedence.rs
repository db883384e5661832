use std::time::Duration;

use super::World;
use crate::cli::Cli;
use crate::config::setting;
use crate::config::settings::LogFormat;
use clap::CommandFactory;

#[test]
fn defaults() {
    let config = World::new().config();
    assert_eq!((config.server.host.as_str(), config.server.port), ("localhost", 8000));
    assert_eq!((config.health.host.as_str(), config.health.port), ("localhost", 8083));
    assert_eq!((config.metrics.host.as_str(), config.metrics.port), ("localhost", 8080));
    assert_eq!(config.server.max_body_bytes, 1 << 20);
    assert_eq!(config.server.max_page_size, 500);
    assert_eq!(config.server.max_page_bytes, 8 << 20);
    assert_eq!(config.server.request_timeout, Duration::from_secs(30));
    assert_eq!(config.server.header_timeout, Duration::from_secs(10));
    assert_eq!(config.server.shutdown_timeout, Duration::from_secs(20));
    assert_eq!((config.server.max_connections, config.server.max_in_flight), (1_024, 512));
    assert_eq!(config.metrics.reconciliation_stuck_threshold, Duration::from_secs(600));
    assert_eq!(config.database.url.expose(), "sqlite://hyperfleet.db?mode=rwc");
    assert_eq!(config.database.acquire_timeout, Duration::from_secs(2));
    assert_eq!((config.database.auto_migrate, config.database.max_connections), (None, None));
    assert!(config.adapters.required_cluster.is_empty() && config.adapters.mandatory_conditions.is_empty());
    assert_eq!((config.logging.level, config.logging.format), (tracing::Level::INFO, LogFormat::Auto));
    assert!(config.server.tls_files().is_none() && config.tracing.otlp_endpoint.is_none());
}

#[test]
fn flag_before_environment_before_file_before_default() {
    let world = World::new();
    assert_eq!(world.config().server.port, 8000);
    let world = world.yaml("server: {port: 1}");
    assert_eq!(world.config().server.port, 1);
    let world = world.env("HYPERFLEET_SERVER_PORT", "2");
    assert_eq!(world.config().server.port, 2);
    let world = world.flag("--server-port=3");
    assert_eq!(world.config().server.port, 3);
}

#[test]
fn the_file_may_be_named_by_the_environment() {
    let world = World::new()
        .file("a.yaml", "server: {port: 1}")
        .file("b.yaml", "server: {port: 2}")
        .env("HYPERFLEET_CONFIG", "a.yaml");
    assert_eq!(world.config().server.port, 1);
    assert_eq!(world.flag("--config=b.yaml").config().server.port, 2);
}

#[test]
fn other_names_of_a_setting() {
    let world = World::new().file("a", "").file("b", "").env("OPENAPI_SCHEMA_PATH", "a");
    let schema =
        |world: &World| world.config().server.openapi_schema_path.expect("a path").display().to_string();
    assert_eq!(schema(&world), "a");
    assert_eq!(schema(&world.env("HYPERFLEET_SERVER_OPENAPI_SCHEMA_PATH", "b")), "b");

    let world = World::new().env("DATABASE_URL", "postgres://a/x");
    assert_eq!(world.config().database.url.expose(), "postgres://a/x");
    let world = world.env("HYPERFLEET_DATABASE_URL", "postgres://b/x");
    assert_eq!(world.config().database.url.expose(), "postgres://b/x");

    let world = World::new().env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
    assert_eq!(world.config().tracing.otlp_endpoint.as_deref(), Some("http://collector:4318"));
}

#[test]
fn blank_variables_and_keys_without_a_value_count_as_absent() {
    let world = World::new().env("HYPERFLEET_SERVER_PORT", " ").yaml("server:\n  host:\nhealth:\n");
    assert_eq!((world.config().server.host.as_str(), world.config().server.port), ("localhost", 8000));
    assert_eq!(World::new().yaml("").config().server.port, 8000);
    assert_eq!(World::new().yaml("# nothing\n").config().server.port, 8000);
}

#[test]
fn health_and_metrics_listen_where_the_server_does() {
    let world = World::new().flag("--server-host=127.0.0.2").env("HYPERFLEET_METRICS_HOST", "10.0.0.1");
    assert_eq!(world.config().health.host, "127.0.0.2");
    assert_eq!(world.config().metrics.host, "10.0.0.1");
}

#[test]
fn lists_from_every_source() {
    let required = |world: World| world.config().adapters.required_cluster;
    assert_eq!(required(World::new().flag("--adapters-required-cluster=a,b")), ["a", "b"]);
    assert_eq!(required(World::new().env("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "a, b")), ["a", "b"]);
    assert_eq!(required(World::new().yaml("adapters: {required: {cluster: [a, b]}}")), ["a", "b"]);
    assert_eq!(required(World::new().yaml("adapters: {required: {cluster: 'a,b'}}")), ["a", "b"]);
    let json = |text| World::new().env("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", text);
    assert_eq!(required(json(r#"["a","b"]"#)), ["a", "b"]);
    assert_eq!(required(json(" [\"a\"]\n")), ["a"]);
    assert!(required(json("[]")).is_empty());
    let emptied =
        World::new().yaml("adapters: {required: {cluster: [a]}}").flag("--adapters-required-cluster=");
    assert!(required(emptied).is_empty());
}

/// A value other than the default for each setting that has its own field.
const SAMPLES: [(&str, &str); 56] = [
    ("server.host", "127.0.0.9"),
    ("server.port", "7001"),
    ("server.openapi_schema_path", "f"),
    ("server.max_body_bytes", "7KiB"),
    ("server.max_page_size", "7"),
    ("server.max_page_bytes", "7KiB"),
    ("server.max_page_memory", "17MiB"),
    ("server.page_index_memory", "7MiB"),
    ("server.request_timeout", "7s"),
    ("server.header_timeout", "7s"),
    ("server.max_header_bytes", "7KiB"),
    ("server.stall_timeout", "7s"),
    ("server.idle_timeout", "7s"),
    ("server.max_body_memory", "7MiB"),
    ("server.max_connections", "7"),
    ("server.max_streams", "7"),
    ("server.max_in_flight", "7"),
    ("server.shutdown_timeout", "7s"),
    ("server.tls.cert_file", "f"),
    ("server.tls.key_file", "f"),
    ("server.jwt.enabled", "true"),
    ("server.jwt.issuers", r#"[{"issuer_url":"https://listed","jwk_cert_url":"https://listed/keys"}]"#),
    ("server.jwt.issuer_url", "https://other"),
    ("server.jwt.jwk_cert_url", "https://other/keys"),
    ("server.jwt.jwk_cert_file", "f"),
    ("server.jwt.jwk_cert_ca_file", "f"),
    ("server.jwt.audience", "fleet"),
    ("server.jwt.identity_claim", "sub"),
    ("health.host", "127.0.0.9"),
    ("health.port", "7002"),
    ("metrics.host", "127.0.0.9"),
    ("metrics.port", "7003"),
    ("metrics.reconciliation_stuck_threshold", "7m"),
    ("metrics.refresh_interval", "7s"),
    ("database.url", "postgres://a/x"),
    ("database.url_file", "f"),
    ("database.read_url", "sqlite://replica.db"),
    ("database.read_url_file", "r"),
    ("database.startup_timeout", "7s"),
    ("database.auto_migrate", "false"),
    ("database.pool.max_connections", "7"),
    ("database.pool.acquire_timeout", "7s"),
    ("database.busy_timeout", "7s"),
    ("server.console.enabled", "false"),
    ("server.cors.allowed_origins", "https://console"),
    ("adapters.max_per_resource", "7"),
    ("adapters.required.cluster", "dns"),
    ("adapters.required.nodepool", "dns"),
    ("adapters.mandatory_conditions", "Available"),
    ("changes.retention", "7m"),
    ("changes.max_rows", "70000"),
    ("changes.max_streams", "7"),
    ("changes.max_streams_per_caller", "7"),
    ("logging.level", "debug"),
    ("logging.format", "json"),
    ("tracing.otlp_endpoint", "http://collector"),
];

#[test]
fn every_setting_reaches_its_field() {
    let base =
        World::new().file("f", "postgres://from-file/x").file("r", "sqlite://copy.db").file("base", "").yaml(
            "server:
  tls: {cert_file: base, key_file: base}
  jwt: {issuer_url: 'https://issuer', jwk_cert_url: 'https://issuer/keys'}",
        );
    let shown = |world: &World| format!("{:?}", world.config());
    let mut seen = vec![shown(&base)];
    for arg in setting::all(&Cli::command()) {
        let key = arg.get_id().as_str();
        let sample = SAMPLES.iter().find(|(sampled, _)| *sampled == key);
        let Some((_, sample)) = sample else {
            let composed = [
                "host",
                "port",
                "name",
                "username",
                "password",
                "password_file",
                "ssl.mode",
                "ssl.root_cert_file",
            ];
            let part = key.strip_prefix("database.").unwrap_or_default();
            assert!(composed.contains(&part), "{key} has no sample");
            continue;
        };
        let variable = setting::variables(&arg).next().expect("a variable");
        let config = shown(&base.clone().env(&variable, sample));
        assert!(!seen.contains(&config), "{key} changes nothing, or what another setting changes");
        seen.push(config);
    }
}

#[test]
fn help_of_serve_lists_every_setting_with_environment_and_default() {
    let help = World::new().flag("--help").parse("serve").expect_err("help");
    for arg in setting::all(&Cli::command()) {
        let (key, text) = (arg.get_id(), arg.get_help().expect("help").to_string());
        assert!(help.contains(&text), "{key}: {text} is missing");
        let variables = setting::variables(&arg).collect::<Vec<_>>().join(", ");
        assert!(help.contains(&format!("[environment: {variables}]")), "{key}: {variables} is missing");
        let flag = setting::flag(&arg);
        assert!(help.contains(&format!("{flag} ")), "{flag} is missing");
    }
    let port = "      --server-port <NUMBER>\n          The port the API listens on; 0 picks a free one\n          \
                [environment: HYPERFLEET_SERVER_PORT] [default: 8000]\n";
    assert!(help.contains(port), "{help}");
    assert!(
        help.contains("[environment: HYPERFLEET_DATABASE_URL, DATABASE_URL] [default: sqlite://"),
        "{help}"
    );
    assert!(help.contains("      --no-auth\n"), "{help}");
}

#[test]
fn help_needs_no_usable_settings_and_shows_none() {
    let world =
        World::new().env("HYPERFLEET_CONFIG", "gone").env("DATABASE_URL", "postgres://u:hunter2@h/db");
    let help = world.flag("--help").parse("serve").expect_err("help");
    assert!(help.contains("--server-port") && !help.contains("hunter2"), "{help}");
}

#[test]
fn white_space_around_a_variable_is_dropped() {
    let world = World::new()
        .env("DATABASE_URL", " postgres://a/x\n")
        .env("HYPERFLEET_SERVER_PORT", "7001\n")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318\n");
    let config = world.config();
    assert_eq!((config.database.url.expose(), config.server.port), ("postgres://a/x", 7001));
    assert_eq!(config.tracing.otlp_endpoint.as_deref(), Some("http://collector:4318"));
}

#[test]
fn a_host_may_stand_in_brackets() {
    let config = World::new().flag("--server-host=[::1]").config();
    assert_eq!((&*config.server.host, &*config.health.host), ("::1", "::1"));
    assert!(!config.server.jwt.is_enabled());
}

#[test]
fn of_a_repeated_flag_the_last_one_counts() {
    let world = World::new().flag("--server-port=1").flag("--server-port=2");
    assert_eq!(world.config().server.port, 2);
}

#[test]
fn unknown_variables_are_warned_about_but_not_those_of_kubernetes() {
    let world = World::new()
        .env("HYPERFLEET_SERVER_PROT", "1")
        .env("HYPERFLEET_API_SERVICE_HOST", "10.0.0.1")
        .env("HYPERFLEET_API_SERVICE_PORT_HTTP", "8000")
        .env("HYPERFLEET_API_PORT", "tcp://10.0.0.1:8000")
        .env("HYPERFLEET_API_PORT_8000_TCP_ADDR", "10.0.0.1")
        .env("PATH", "/bin");
    assert_eq!(
        world.warnings(),
        ["environment variable HYPERFLEET_SERVER_PROT is not a setting and has no effect"]
    );
}
