//! Tests of configuration files of the Go service.

use super::World;

const FILE: &str = "
server:
  hostname: fleet
  port: 8001
  timeouts: {read: 5s, write: 30s}
  tls: {enabled: false}
  tenant: {enabled: false, system_header: ''}
database:
  dialect: postgres
  debug: false
  host: db
  pool: {max_connections: 50, max_idle_connections: 10, conn_retry_attempts: 10, conn_retry_interval: 3s}
logging:
  level: warn
  output: stdout
  masking: {enabled: true}
  otel: {enabled: false}
metrics:
  port: 9090
  tls: {enabled: false}
  label_metrics_inclusion_duration: 168h
health:
  port: 8080
  tls:
  shutdown_timeout: 20s
tracing: {enabled: true, service_name: fleet}
entities:
  - {kind: Cluster, plural: clusters, required_adapters: [validation, dns]}
  - {kind: NodePool, parent_kind: Cluster, required_adapters: [hypershift]}
  - {kind: Channel, plural: channels}
";

#[test]
fn keys_without_a_meaning_are_ignored_with_one_warning_and_the_rest_is_used() {
    let world = World::new().yaml(FILE);
    let config = world.config();
    assert_eq!((config.server.port, config.health.port, config.metrics.port), (8001, 8080, 9090));
    assert_eq!(config.database.max_connections, Some(50));
    assert_eq!(config.adapters.required_cluster, ["validation", "dns"]);
    assert_eq!(config.adapters.required_nodepool, ["hypershift"]);
    let warnings = world.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for key in [
        "config.yaml",
        "server.hostname",
        "server.timeouts",
        "server.tls.enabled",
        "server.tenant",
        "database.dialect",
        "database.pool.conn_retry_interval",
        "logging.otel",
        "health.tls",
        "tracing.service_name",
        "entities",
    ] {
        assert!(warnings[0].contains(key), "{key} is missing in {}", warnings[0]);
    }
}

#[test]
fn other_sources_and_settings_of_this_program_outrank_entities() {
    let world = World::new().yaml(&format!("{FILE}\nadapters: {{required: {{nodepool: [own]}}}}"));
    let config = world.env("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "other").config();
    assert_eq!(config.adapters.required_cluster, ["other"]);
    assert_eq!(config.adapters.required_nodepool, ["own"]);
}

#[test]
fn what_its_author_relies_on_is_not_ignored() {
    for section in [
        "server: {tenant: {enabled: true}}",
        "health: {tls: {enabled: true}}",
        "metrics: {tls: {enabled: true}}",
    ] {
        let refusal = World::new().yaml(section).refusal();
        assert!(refusal.contains("not supported; ignored only while"), "{refusal}");
    }
    let refusal = World::new().yaml("server: {jwt: {configs: []}}").refusal();
    assert!(
        refusal.contains("server.jwt.configs: unknown key; expected one of enabled, issuers"),
        "{refusal}"
    );
    let refusal = World::new().yaml("entities: [{kind: Cluster, required_adapters: ['a b']}]").refusal();
    assert!(refusal.starts_with("adapters.required.cluster"), "{refusal}");
}
