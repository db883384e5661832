use super::World;

fn url(world: &World) -> String {
    world.config().database.url.expose().to_owned()
}

#[test]
fn a_url_is_composed_of_its_parts_with_everything_escaped() {
    let host = |host: &str| World::new().env("HYPERFLEET_DATABASE_HOST", host);
    let table = [
        (host("db"), "postgres://hyperfleet@db:5432/hyperfleet"),
        (host("::1"), "postgres://hyperfleet@[::1]:5432/hyperfleet"),
        (host("[::1]"), "postgres://hyperfleet@[::1]:5432/hyperfleet"),
        (host("/run/pg"), "postgres://hyperfleet@%2Frun%2Fpg:5432/hyperfleet"),
        (
            host("db")
                .env("HYPERFLEET_DATABASE_PORT", "6432")
                .env("HYPERFLEET_DATABASE_NAME", "my db?")
                .env("HYPERFLEET_DATABASE_USERNAME", "me@corp")
                .env("HYPERFLEET_DATABASE_PASSWORD", "p:/?#[]@%&é"),
            "postgres://me%40corp:p%3A%2F%3F%23%5B%5D%40%25%26%C3%A9@db:6432/my%20db%3F",
        ),
        (
            host("db")
                .file("/etc/ca&.pem", "x")
                .env("HYPERFLEET_DATABASE_SSL_MODE", "verify-full")
                .env("HYPERFLEET_DATABASE_SSL_ROOT_CERT_FILE", "/etc/ca&.pem"),
            "postgres://hyperfleet@db:5432/hyperfleet?sslmode=verify-full&sslrootcert=%2Fetc%2Fca%26.pem",
        ),
        (
            host("db").file("pw", "s3cret \r\n").env("HYPERFLEET_DATABASE_PASSWORD_FILE", "pw"),
            "postgres://hyperfleet:s3cret%20@db:5432/hyperfleet",
        ),
        (
            World::new().env("HYPERFLEET_DATABASE_PASSWORD", " p\n"),
            "postgres://hyperfleet:%20p@localhost:5432/hyperfleet",
        ),
        (
            World::new()
                .yaml("database: {host: db, username: u, ssl: {mode: disable}}")
                .env("HYPERFLEET_DATABASE_PASSWORD", "p"),
            "postgres://u:p@db:5432/hyperfleet?sslmode=disable",
        ),
    ];
    for (world, expected) in table {
        assert_eq!(url(&world), expected);
    }
}

#[test]
fn the_strongest_source_decides_between_url_and_parts() {
    let table = [
        (
            World::new().env("DATABASE_URL", "postgres://a/x").env("HYPERFLEET_DATABASE_HOST", "b"),
            "postgres://a/x",
        ),
        (
            World::new().env("DATABASE_URL", "postgres://a/x").flag("--database-host=b"),
            "postgres://hyperfleet@b:5432/hyperfleet",
        ),
        (World::new().yaml("database: {host: b}").env("DATABASE_URL", "postgres://a/x"), "postgres://a/x"),
        (
            World::new().file("u", "postgres://f/x\n").env("HYPERFLEET_DATABASE_URL_FILE", "u"),
            "postgres://f/x",
        ),
        (
            World::new()
                .file("u", "postgres://f/x\n")
                .env("HYPERFLEET_DATABASE_URL_FILE", "u")
                .env("DATABASE_URL", "postgres://a/x"),
            "postgres://a/x",
        ),
    ];
    for (world, expected) in table {
        assert_eq!(url(&world), expected);
    }
}

#[test]
fn parts_without_effect_are_warned_about() {
    let world =
        World::new().yaml("database: {url: 'postgres://a/x'}").env("HYPERFLEET_DATABASE_PASSWORD", "hunter2");
    assert_eq!(
        world.warnings(),
        [
            "database.password (environment HYPERFLEET_DATABASE_PASSWORD) has no effect, because database.url is set"
        ]
    );
}

#[test]
fn encryption_is_set_beside_a_url_as_well() {
    let with = |url: &'static str| World::new().env("DATABASE_URL", url).file("ca", "x");
    let table = [
        (
            with("postgres://a/x").flag("--database-ssl-mode=verify-full"),
            "postgres://a/x?sslmode=verify-full",
        ),
        (
            with("postgres://a/x")
                .flag("--database-ssl-mode=require")
                .flag("--database-ssl-root-cert-file=ca"),
            "postgres://a/x?sslmode=verify-ca&sslrootcert=ca",
        ),
        (
            with("postgres://a/x?sslmode=verify-full").flag("--database-ssl-root-cert-file=ca"),
            "postgres://a/x?sslmode=verify-full&sslrootcert=ca",
        ),
        (
            World::new().file("ca", "x").flag("--database-host=a").flag("--database-ssl-root-cert-file=ca"),
            "postgres://hyperfleet@a:5432/hyperfleet?sslmode=verify-ca&sslrootcert=ca",
        ),
    ];
    for (world, expected) in table {
        assert_eq!(url(&world), expected);
        assert!(world.warnings().is_empty(), "{:?}", world.warnings());
        assert_eq!(world.database_to_migrate(), expected);
    }
    let replica = with("postgres://a/x?sslmode=verify-full").flag("--database-ssl-mode=verify-full");
    let replica = replica.flag("--database-read-url=postgres://b/x").config().database.read_url;
    assert_eq!(replica.expect("a replica").expose(), "postgres://b/x?sslmode=verify-full");
}

#[test]
fn encryption_has_no_effect_on_sqlite() {
    let world = World::new().env("DATABASE_URL", "sqlite://x.db").flag("--database-ssl-mode=require");
    assert_eq!(
        world.warnings(),
        ["database.ssl.mode (flag --database-ssl-mode) has no effect, because database.url is set"]
    );
}

#[test]
fn parameters_of_a_url_that_are_not_known_are_warned_about_by_name() {
    let world = World::new().env("DATABASE_URL", "postgres://a/x?connect_timeout=1&pasword=hunter2");
    assert_eq!(url(&world), "postgres://a/x");
    assert_eq!(
        world.warnings(),
        ["database.url: parameters that are not known are ignored: connect_timeout, pasword"]
    );
}

#[test]
fn refusals() {
    let beside = |url: &str| World::new().env("DATABASE_URL", url).file("ca", "x");
    let table = [
        (
            World::new().env("DATABASE_URL", "postgres://u:hunter2/x@h/db"),
            "database.url (environment DATABASE_URL): not a valid URL (invalid port number): percent-encode the user and the password",
        ),
        (
            World::new().flag("--database-url=sqlite::memory:"),
            "database.url (flag --database-url): a database in memory would be lost",
        ),
        (
            beside("postgres://u:hunter2@h/db?sslmode=require").flag("--database-ssl-mode=verify-full"),
            "database.ssl.mode = \"verify-full\" (flag --database-ssl-mode): conflicts with require in the URL; set only one (database.url)",
        ),
        (
            beside("postgres://h/db?sslmode=disable").flag("--database-ssl-root-cert-file=ca"),
            "database.ssl.root_cert_file = \"ca\" (flag --database-ssl-root-cert-file): has no effect in mode disable, which does not verify certificates",
        ),
        (
            beside("postgres://h/db")
                .flag("--database-ssl-root-cert-file=ca")
                .flag("--database-ssl-mode=prefer"),
            "database.ssl.root_cert_file = \"ca\" (flag --database-ssl-root-cert-file): has no effect in mode prefer",
        ),
        (
            World::new().env("DATABASE_URL", "mysql://h/db"),
            "database.url (environment DATABASE_URL): expected a URL that starts with sqlite:, postgres: or postgresql:",
        ),
        (
            World::new().env("HYPERFLEET_DATABASE_READ_URL", "postgres://h/db"),
            "database.read_url (environment HYPERFLEET_DATABASE_READ_URL): must name the same engine as the database",
        ),
        (
            World::new().file("u", "h/db").flag("--database-url-file=u"),
            "database.url_file = \"u\" (flag --database-url-file): the file does not contain a database URL: expected a URL that starts with sqlite:",
        ),
        (
            World::new().file("pw", "\n").flag("--database-host=h").flag("--database-password-file=pw"),
            "database.password_file = \"pw\" (flag --database-password-file): the file is empty",
        ),
        (
            World::new().flag("--database-host=h").flag("--database-password-file=pw"),
            "database.password_file = \"pw\" (flag --database-password-file): the file cannot be read",
        ),
        (
            World::new().flag("--database-host=h").flag("--database-ssl-mode=on"),
            "database.ssl.mode = \"on\" (flag --database-ssl-mode): expected one of disable, prefer, require",
        ),
    ];
    for (world, expected) in table {
        let refusal = world.refusal();
        assert!(refusal.starts_with(expected) && !refusal.contains("hunter2"), "{expected}: {refusal}");
    }
}
