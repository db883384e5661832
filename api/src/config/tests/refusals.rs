use super::World;
use crate::cli::Cli;
use crate::config::setting;
use clap::CommandFactory;

#[test]
fn a_fault_names_key_value_source_and_what_is_allowed() {
    let table = [
        (
            World::new().flag("--server-port=70000"),
            "server.port = \"70000\" (flag --server-port): expected a whole number from 0 to 65535",
        ),
        (
            World::new().env("HYPERFLEET_SERVER_PORT", "http"),
            "server.port = \"http\" (environment HYPERFLEET_SERVER_PORT): expected a whole number from 0 to 65535",
        ),
        (
            World::new().yaml("server: {port: 80.5}"),
            "server.port = \"80.5\" (file config.yaml): expected a whole number from 0 to 65535",
        ),
        (
            World::new().yaml("server: {request_timeout: 30}"),
            "server.request_timeout = \"30\" (file config.yaml): expected a duration from 10ms to 1h, such as 500ms, 30s, 2m or 1h",
        ),
        (
            World::new().yaml("server: {max_body_bytes: 1MB}"),
            "server.max_body_bytes = \"1MB\" (file config.yaml): expected a size from 1KiB to 64MiB, such as 65536, 256KiB or 1MiB",
        ),
        (
            World::new().yaml("server: {max_page_size: 0}"),
            "server.max_page_size = \"0\" (file config.yaml): expected a whole number from 1 to 10000",
        ),
        (
            World::new().yaml("database: {auto_migrate: yes}"),
            "database.auto_migrate = \"yes\" (file config.yaml): expected one of true, false",
        ),
        (
            World::new().yaml("server: {host: 10}"),
            "server.host = \"10\" (file config.yaml): expected text (in YAML: put it in quotes)",
        ),
        (
            World::new().env("HYPERFLEET_SERVER_HOST", "localhost:8000"),
            "server.host = \"localhost:8000\" (environment HYPERFLEET_SERVER_HOST): expected a host name or an IP address, without a port",
        ),
        (
            World::new().flag("--logging-level=loud"),
            "logging.level = \"loud\" (flag --logging-level): expected one of error, warn, info, debug, trace",
        ),
        (
            World::new().flag("--adapters-required-cluster=a,,b"),
            "adapters.required.cluster = \"a,,b\" (flag --adapters-required-cluster): expected names separated by commas, or a JSON array of names, none empty, none twice",
        ),
        (
            World::new().flag("--server-openapi-schema-path=gone.yaml"),
            "server.openapi_schema_path = \"gone.yaml\" (flag --server-openapi-schema-path): the file cannot be read: entity not found",
        ),
        (
            World::new().flag("--config=gone.yaml"),
            "config = \"gone.yaml\" (flag --config): the file cannot be read: entity not found",
        ),
        (
            World::new().env("HYPERFLEET_CONFIG", "gone.yaml"),
            "config = \"gone.yaml\" (environment HYPERFLEET_CONFIG): the file cannot be read: entity not found",
        ),
        (
            World::new().flag("--health-port=8000"),
            "health.port = \"8000\" (flag --health-port): 8000 is the port of server.port; every listener needs its own",
        ),
        (
            World::new().file("c", "x").flag("--server-tls-cert-file=c"),
            "server.tls.key_file: must be set, since server.tls.cert_file is set: HTTPS needs both",
        ),
    ];
    for (world, expected) in table {
        assert_eq!(world.refusal(), expected);
    }
}

#[test]
fn a_file_that_cannot_be_used() {
    let table = [
        ("- a\n- b", "expected a YAML mapping"),
        ("server: {", "the file is not valid YAML: "),
        ("server: {port: 1, port: 2}", "the file is not valid YAML: "),
    ];
    for (yaml, expected) in table {
        let refusal = World::new().yaml(yaml).refusal();
        let expected = format!("config = \"config.yaml\" (flag --config): {expected}");
        assert!(refusal.starts_with(&expected), "{yaml}: {refusal}");
    }
    let binary = World::new().file("config.yaml", [0xff, 0xfe, b'a']).flag("--config=config.yaml");
    assert!(binary.refusal().ends_with("the file is not UTF-8 text"));
}

#[test]
fn unknown_keys_are_refused_together_each_with_what_may_be_meant() {
    let table = [
        ("sever: {port: 1}", "sever: unknown key; did you mean server?"),
        ("server: {prot: 1}", "server.prot: unknown key; did you mean server.port?"),
        ("server: {x: 1}", "server.x: unknown key; expected one of host, port, openapi_schema_path,"),
        ("server: {x: }", "server.x: unknown key; expected one of host, port, openapi_schema_path,"),
        ("x: {}", "x: unknown key; expected one of server, health, metrics, database,"),
        (
            "database: {pool: {max: 1}}",
            "database.pool.max: unknown key; did you mean database.pool.max_connections?",
        ),
        ("server.port: 1", "server.port: unknown key; did you mean server?"),
        ("server: {tls: true}", "server.tls: expected a section"),
    ];
    for (yaml, expected) in table {
        let refusal = World::new().yaml(yaml).refusal();
        let expected = format!(
            "config = \"config.yaml\" (flag --config): the file has keys that cannot be used:\n  - {expected}"
        );
        assert!(refusal.starts_with(&expected), "{yaml}: {refusal}");
    }
    let refusal = World::new().yaml("server: {prot: 1, max_page_size: x}\nextra: 1").refusal();
    assert!(refusal.contains("- server.prot: ") && refusal.contains("- extra: "), "{refusal}");
}

#[test]
fn names_that_cannot_be_adapters_are_refused() {
    for (name, text) in [("CLUSTER", "a,[b"), ("NODEPOOL", r#"["a:b"]"#), ("CLUSTER", "é")] {
        let world = World::new().env(&format!("HYPERFLEET_ADAPTERS_REQUIRED_{name}"), text);
        let key = format!("adapters.required.{}", name.to_lowercase());
        let refusal = world.refusal();
        assert!(refusal.starts_with(&key), "{refusal}");
        assert!(
            refusal.ends_with("expected names of adapters: 1 to 253 letters, digits, '-', '_' and '.'"),
            "{refusal}"
        );
    }
}

#[test]
fn a_body_that_is_allowed_must_fit_into_memory() {
    let refusal = World::new().yaml("server: {max_body_bytes: 2MiB, max_body_memory: 1MiB}").refusal();
    assert!(refusal.starts_with("server.max_body_memory = \"1MiB\" (file config.yaml)"), "{refusal}");
    assert!(refusal.contains("server.max_body_bytes"), "{refusal}");
}

#[test]
fn a_page_that_is_allowed_must_fit_into_memory() {
    let refusal = World::new().yaml("server: {max_page_bytes: 20MiB}").refusal();
    assert!(refusal.starts_with("server.max_page_memory"), "{refusal}");
    assert!(refusal.contains("server.max_page_bytes"), "{refusal}");
    World::new().yaml("server: {max_page_bytes: 20MiB, max_page_memory: 20MiB}").config();
}

#[test]
fn a_long_or_unprintable_value_is_shortened_and_escaped() {
    let refusal = World::new().env("HYPERFLEET_SERVER_PORT", &"9\n".repeat(10_000)).refusal();
    assert!(refusal.len() < 350 && !refusal.contains('\n'), "{refusal}");
}

#[test]
fn secrets_are_never_shown() {
    let worlds = [
        World::new().env("HYPERFLEET_DATABASE_URL", "mysql://u:hunter2@h/db"),
        World::new().env("DATABASE_URL", "postgres://u:hunter2/x@h/db"),
        World::new().flag("--database-url=postgres://u:hunter2@h:port/db"),
        World::new().yaml("database: {url: 'postgres://u:hunter2@[::1/db'}"),
        World::new().flag("--database-read-url=hunter2"),
        World::new().env("HYPERFLEET_DATABASE_READ_URL", "postgres://u:hunter2@h/db"),
        World::new().flag("--database-host=h").flag("--database-read-url=sqlite://hunter2.db"),
        World::new()
            .env("DATABASE_URL", "postgres://u:hunter2@h/db?sslmode=require")
            .flag("--database-ssl-mode=disable"),
        World::new().yaml("database: {password: [hunter2]}"),
        World::new().yaml("database: {url: [hunter2]}"),
        World::new().yaml("database: 'postgres://u:hunter2@h/db'"),
        World::new().yaml("database:\n  password: \"hunter2\n"),
        World::new().yaml("database:\n  password: *hunter2\n"),
        World::new().yaml("database:\n  password: @hunter2\n"),
        World::new().file("u", "hunter2").flag("--database-url-file=u"),
        World::new().file("u", "postgres://u:hunter2#@h/db").flag("--database-read-url-file=u"),
        World::new()
            .file("u", "hunter2")
            .flag("--database-host=h")
            .flag("--database-password-file=u")
            .flag("--health-port=x"),
        World::new().env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:hunter2@collector"),
        World::new().env("OTEL_EXPORTER_OTLP_ENDPOINT", "u:hunter2@collector:4317"),
        World::new().env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:hunter2@[::1"),
        World::new().env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://u:hunter2@collector:port"),
        World::new()
            .env("HYPERFLEET_SERVER_JWT_ISSUER_URL", "i")
            .flag("--server-jwt-jwk-cert-url=https://u:hunter2@i"),
        // A value in the wrong setting.
        World::new().flag("--database-auto-migrate=postgres://u:hunter2@h/db"),
        World::new().env("HYPERFLEET_DATABASE_HOST", "postgres://u:hunter2@h/db"),
        World::new().env("HYPERFLEET_DATABASE_NAME", "\nu:hunter2@h").flag("--database-port=u:hunter2@h"),
        World::new().flag("--config=postgres://u:hunter2@h/db"),
        World::new().yaml("server: {jwt: {issuers: ['postgres://u:hunter2@h/db']}}"),
    ];
    for world in worlds {
        let refusal = world.refusal();
        assert!(!refusal.contains("hunter2"), "{refusal}");
        for command in ["migrate", "healthcheck"] {
            let said = format!("{:?}", world.parse(command).map(|(_, warnings, _)| warnings));
            assert!(!said.contains("hunter2"), "{command}: {said}");
        }
    }
    let world = World::new().flag("--database-host=h").flag("--database-password=hunter2");
    assert!(!format!("{:?}", world.config()).contains("hunter2"), "{world:?}");
}

#[test]
fn names_are_derived_without_repeats() {
    let settings = setting::all(&Cli::command());
    let mut names: Vec<String> = settings.iter().flat_map(setting::variables).collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
}
