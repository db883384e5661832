use super::World;

#[test]
fn every_setting_is_shown_with_where_it_came_from() {
    let world = World::new()
        .yaml("server: {port: 1}\nadapters: {required: {cluster: [a, b]}}")
        .env("HYPERFLEET_SERVER_MAX_PAGE_SIZE", "7")
        .flag("--logging-level=debug");
    let shown = world.show();
    for line in [
        "server:\n  host: \"localhost\"  # default\n  port: 1  # file config.yaml\n",
        "\n  max_page_size: 7  # environment HYPERFLEET_SERVER_MAX_PAGE_SIZE\n",
        "\n  tls:\n    cert_file: null  # default\n",
        "\n    enabled: false  # default\n",
        "\n  required:\n    cluster: [\"a\",\"b\"]  # file config.yaml\n    nodepool: []  # default\n",
        "\n  level: \"debug\"  # flag --logging-level\n",
        "\n  url: \"sqlite://hyperfleet.db?mode=rwc\"  # default\n",
    ] {
        assert!(shown.contains(line), "{line} is missing in {shown}");
    }
}

#[test]
fn what_depends_on_the_database_is_shown_with_what_it_is() {
    let own = World::new().show();
    let postgres = World::new().env("HYPERFLEET_DATABASE_URL", "postgres://h/db").show();
    let pool = |dialect: service::Dialect| {
        format!("    max_connections: null  # default: {}\n", dialect.pool_size())
    };
    for (shown, lines) in [
        (
            own,
            [
                "auto_migrate: null  # default: true\n",
                "retention: null  # default: 1h\n",
                &pool(service::Dialect::Sqlite),
            ],
        ),
        (
            postgres,
            [
                "auto_migrate: null  # default: false\n",
                "retention: null  # default: 24h\n",
                &pool(service::Dialect::Postgres),
            ],
        ),
    ] {
        for line in lines {
            assert!(shown.contains(line), "{line} is missing in {shown}");
        }
        assert!(shown.contains("    issuer_url: null  # default\n"), "{shown}");
    }
    let set = World::new().env("HYPERFLEET_CHANGES_RETENTION", "2h").show();
    assert!(set.contains("retention: \"2h\"  # environment HYPERFLEET_CHANGES_RETENTION\n"), "{set}");
}

#[test]
fn what_is_shown_is_a_file_with_the_same_settings() {
    let world = World::new()
        .yaml("server: {port: 1, tls: , jwt: {enabled: false}}\nadapters: {mandatory_conditions: 'A,B'}");
    let shown = world.show();
    let again = World::new().yaml(&shown);
    assert_eq!(format!("{:?}", again.config()), format!("{:?}", world.config()));
    assert_eq!(again.show().lines().count(), shown.lines().count());
}

#[test]
fn secrets_are_masked_and_the_url_in_force_is_shown() {
    let parts = World::new()
        .env("HYPERFLEET_DATABASE_HOST", "db")
        .env("HYPERFLEET_DATABASE_PASSWORD", "hunter2")
        .env("HYPERFLEET_DATABASE_READ_URL", "postgres://u:hunter2@replica/x");
    let shown = parts.show();
    assert!(!shown.contains("hunter2"), "{shown}");
    for line in [
        "  url: \"postgres://hyperfleet:***@db:5432/hyperfleet\"  # environment HYPERFLEET_DATABASE_HOST\n",
        "  read_url: \"postgres://u:***@replica/x\"  # environment HYPERFLEET_DATABASE_READ_URL\n",
        "  password: \"***\"  # environment HYPERFLEET_DATABASE_PASSWORD\n",
    ] {
        assert!(shown.contains(line), "{line} is missing in {shown}");
    }
    let file =
        World::new().file("u", "postgres://u:hunter2@h/db").env("HYPERFLEET_DATABASE_URL_FILE", "u").show();
    let line = "  url: \"postgres://u:***@h/db\"  # environment HYPERFLEET_DATABASE_URL_FILE\n";
    assert!(file.contains(line) && !file.contains("hunter2"), "{file}");
}
