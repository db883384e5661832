use super::World;
use crate::config::SETTINGS;

/// One fault, whole.
fn only_fault(world: &World) -> String {
    let faults = world.faults();
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.concat()
}

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
            "server.port = 80.5 (file config.yaml): expected a whole number from 0 to 65535",
        ),
        (
            World::new().yaml("server: {request_timeout: 30}"),
            "server.request_timeout = 30 (file config.yaml): expected a duration from 10ms to 1h, such as 500ms, 30s, 2m or 1h",
        ),
        (
            World::new().yaml("server: {max_body_bytes: 1MB}"),
            "server.max_body_bytes = \"1MB\" (file config.yaml): expected a number of bytes from 1024 to 67108864, such as 65536, 256KiB or 1MiB",
        ),
        (
            World::new().yaml("server: {max_page_size: 0}"),
            "server.max_page_size = 0 (file config.yaml): expected a whole number from 1 to 10000",
        ),
        (
            World::new().yaml("database: {auto_migrate: yes}"),
            "database.auto_migrate = \"yes\" (file config.yaml): expected true or false",
        ),
        (
            World::new().yaml("server: {host: 10}"),
            "server.host = 10 (file config.yaml): expected a host name or an IP address, without a port",
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
            "adapters.required.cluster = \"a,,b\" (flag --adapters-required-cluster): expected names separated by commas (in YAML also a list), none empty, none twice",
        ),
        (
            World::new().flag("--server-openapi-schema-path=gone.yaml"),
            "server.openapi_schema_path = \"gone.yaml\" (flag --server-openapi-schema-path): the file cannot be read: entity not found",
        ),
        (
            World::new().flag("--config=gone.yaml"),
            "config = gone.yaml (flag --config): the file cannot be read: entity not found",
        ),
        (
            World::new().env("HYPERFLEET_CONFIG", "gone.yaml"),
            "config = gone.yaml (environment HYPERFLEET_CONFIG): the file cannot be read: entity not found",
        ),
        (
            World::new().flag("--health-port=8000"),
            "health.port = 8000 (flag --health-port): already the port of server.port; every listener needs its own",
        ),
        (
            World::new().file("c", "x").flag("--server-tls-cert-file=c"),
            "server.tls.key_file: must be given, since server.tls.cert_file is given: HTTPS needs both",
        ),
    ];
    for (world, expected) in table {
        assert_eq!(only_fault(&world), expected);
    }
}

#[test]
fn unknown_keys_of_the_file() {
    let table = [
        ("sever: {port: 1}", "sever (file config.yaml): unknown key; expected one of server, health,"),
        ("server: {prot: 1}", "server.prot (file config.yaml): unknown key; expected one of host, port,"),
        (
            "database: {pool: {max: 1}}",
            "database.pool.max (file config.yaml): unknown key; expected one of max_connections,",
        ),
        ("server.port: 1", "server.port (file config.yaml): unknown key; expected one of server, health,"),
        ("server: {tls: true}", "server.tls = true (file config.yaml): expected a section"),
        ("- a\n- b", "config = config.yaml (flag --config): expected a YAML mapping"),
        ("server: {", "config = config.yaml (flag --config): the file is not valid YAML: "),
        ("server: {port: 1, port: 2}", "config = config.yaml (flag --config): the file is not valid YAML: "),
    ];
    for (yaml, expected) in table {
        let fault = only_fault(&World::new().yaml(yaml));
        assert!(fault.starts_with(expected), "{yaml}: {fault}");
    }
    let fault =
        only_fault(&World::new().file("config.yaml", [0xff, 0xfe, b'a']).flag("--config=config.yaml"));
    assert!(fault.ends_with("the file is not UTF-8 text"), "{fault}");
}

#[test]
fn everything_is_reported_at_once() {
    let world = World::new()
        .yaml("server: {host: 0.0.0.0, prot: 1, max_page_size: x}\nextra: 1")
        .env("HYPERFLEET_HEALTH_PORT", "x")
        .flag("--metrics-port=-1");
    let faults = world.faults().join("\n");
    for key in
        ["server.prot", "server.max_page_size", "extra", "health.port", "metrics.port", "server.jwt.enabled"]
    {
        assert!(faults.contains(key), "{key} is missing in {faults}");
    }
    assert_eq!(world.faults().len(), 6, "{faults}");
}

#[test]
fn a_body_that_is_allowed_must_fit_into_memory() {
    let fault = only_fault(&World::new().yaml("server: {max_body_bytes: 2MiB, max_body_memory: 1MiB}"));
    assert!(fault.starts_with("server.max_body_memory = 1048576 (file config.yaml)"), "{fault}");
    assert!(fault.contains("server.max_body_bytes"), "{fault}");
}

#[test]
fn a_long_or_unprintable_value_is_shortened_and_escaped() {
    let fault = only_fault(&World::new().env("HYPERFLEET_SERVER_PORT", &"9\n".repeat(10_000)));
    assert!(fault.len() < 350 && !fault.contains('\n'), "{fault}");
}

#[test]
fn secrets_are_never_shown() {
    let worlds = [
        World::new().env("HYPERFLEET_DATABASE_URL", "mysql://u:hunter2@h/db"),
        World::new().flag("--database-read-url=hunter2"),
        World::new().yaml("database: {password: [hunter2]}"),
        World::new().yaml("database: {url: [hunter2]}"),
        World::new().yaml("database:\n  password: \"hunter2\n"),
        World::new().yaml("database:\n  password: *hunter2\n"),
        World::new().yaml("database:\n  password: @hunter2\n"),
        World::new().file("u", "hunter2").flag("--database-url-file=u"),
        World::new()
            .file("u", "hunter2")
            .flag("--database-host=h")
            .flag("--database-password-file=u")
            .flag("--health-port=x"),
    ];
    for world in worlds {
        let faults = world.faults().join("\n");
        assert!(!faults.contains("hunter2"), "{faults}");
    }
    let world = World::new().flag("--database-host=h").flag("--database-password=hunter2");
    let loaded = world.serve().expect("a usable configuration");
    assert!(!format!("{loaded:?}").contains("hunter2"), "{loaded:?}");
}

#[test]
fn the_table_has_no_repeats() {
    let mut names: Vec<String> = SETTINGS.iter().flat_map(|setting| setting.environment()).collect();
    names.extend(SETTINGS.iter().map(|setting| setting.flag()));
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
}
