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
            World::new().env("HYPERFLEET_DATABASE_PASSWORD", "p"),
            "postgres://hyperfleet:p@localhost:5432/hyperfleet",
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
            "database.password (environment HYPERFLEET_DATABASE_PASSWORD) has no effect, because database.url is given"
        ]
    );
}

#[test]
fn refusals() {
    let table = [
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
            "database.url_file = \"u\" (flag --database-url-file): the file must hold a URL that starts with sqlite:",
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
        let faults = world.faults();
        assert!(faults.len() == 1 && faults[0].starts_with(expected), "{expected}: {faults:?}");
    }
}
