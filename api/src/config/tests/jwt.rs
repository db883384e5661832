use super::World;

const ISSUER: &str = "
server:
  jwt:
    enabled: true
    issuers:
      - issuer_url: https://one
        jwk_cert_url: https://one/keys
        audience: fleet
      - issuer_url: https://two
        jwk_cert_file: keys.json
        identity_claim: sub
";

fn on_every_address() -> World {
    World::new().flag("--server-host=0.0.0.0")
}

fn with_issuer(world: World) -> World {
    world
        .env("HYPERFLEET_SERVER_JWT_ISSUER_URL", "https://i")
        .env("HYPERFLEET_SERVER_JWT_JWK_CERT_URL", "https://i/keys")
}

#[test]
fn off_on_loopback_and_to_be_set_elsewhere() {
    for host in ["localhost", "127.0.0.1", "127.3.2.1", "::1", "[::1]"] {
        assert!(!World::new().env("HYPERFLEET_SERVER_HOST", host).config().server.jwt.is_enabled(), "{host}");
    }
    for host in ["0.0.0.0", "::", "10.0.0.1", "fleet.example.com"] {
        let refusal = World::new().env("HYPERFLEET_SERVER_HOST", host).refusal();
        for word in ["server.jwt.enabled: must be set", host, "--server-jwt-enabled", "--no-auth"] {
            assert!(refusal.contains(word), "{word} is missing in {refusal}");
        }
    }
}

#[test]
fn set_on_or_off() {
    let table = [
        (on_every_address().flag("--no-auth"), false),
        (on_every_address().flag("--server-jwt-enabled=false"), false),
        (on_every_address().env("HYPERFLEET_SERVER_JWT_ENABLED", "false"), false),
        (on_every_address().yaml("server: {jwt: {enabled: false}}"), false),
        (with_issuer(on_every_address()).flag("--server-jwt-enabled"), true),
        (with_issuer(on_every_address()).env("HYPERFLEET_SERVER_JWT_ENABLED", "true"), true),
        (
            with_issuer(on_every_address()).env("HYPERFLEET_SERVER_JWT_ENABLED", "true").flag("--no-auth"),
            false,
        ),
        (with_issuer(World::new()), false),
    ];
    for (world, expected) in table {
        assert_eq!(world.config().server.jwt.is_enabled(), expected, "{world:?}");
    }
}

#[test]
fn issuers_of_the_file_and_of_the_environment() {
    let world = with_issuer(World::new().file("keys.json", "{}").yaml(ISSUER));
    let (keys, issuers): (Vec<_>, Vec<_>) = world.config().server.jwt.issuers().into_iter().unzip();
    assert_eq!(keys, ["server.jwt.issuers[0]", "server.jwt.issuers[1]", "server.jwt"]);
    let urls: Vec<&str> = issuers.iter().map(|issuer| issuer.issuer_url.as_str()).collect();
    assert_eq!(urls, ["https://one", "https://two", "https://i"]);
    assert_eq!(issuers[0].jwk_cert_url.as_deref(), Some("https://one/keys"));
    assert_eq!(issuers[0].audience.as_deref(), Some("fleet"));
    assert_eq!(issuers[1].jwk_cert_file.as_deref(), Some(std::path::Path::new("keys.json")));
    assert_eq!(
        issuers.iter().map(|issuer| &*issuer.identity_claim).collect::<Vec<_>>(),
        ["email", "sub", "email"]
    );
}

#[test]
fn issuers_that_are_not_used_are_warned_about() {
    assert_eq!(
        with_issuer(World::new()).warnings(),
        ["issuers are configured but tokens are not checked; set server.jwt.enabled to check them"]
    );
    assert!(with_issuer(World::new()).flag("--no-auth").warnings().is_empty());
}

#[test]
fn each_issuer_without_an_audience_is_warned_about() {
    let world = with_issuer(World::new().file("keys.json", "{}").yaml(ISSUER));
    let warning = |url| {
        format!("issuer {url} has no audience: tokens that it issues for other services are accepted too")
    };
    assert_eq!(world.warnings(), ["https://two", "https://i"].map(warning));
    let all =
        with_issuer(World::new()).flag("--server-jwt-enabled").env("HYPERFLEET_SERVER_JWT_AUDIENCE", "fleet");
    assert!(all.warnings().is_empty(), "{:?}", all.warnings());
}

#[test]
fn refusals() {
    let list = |entry: &str| World::new().yaml(&format!("server: {{jwt: {{issuers: {entry}}}}}"));
    let table = [
        (
            on_every_address().flag("--server-jwt-enabled"),
            "server.jwt.enabled = \"true\" (flag --server-jwt-enabled): no issuer is configured",
        ),
        (
            World::new().env("HYPERFLEET_SERVER_JWT_JWK_CERT_URL", "https://i/keys"),
            "server.jwt.issuer_url: must be set",
        ),
        (
            World::new().env("HYPERFLEET_SERVER_JWT_ISSUER_URL", "https://i").flag("--server-jwt-enabled"),
            "server.jwt.jwk_cert_url: must be set, or jwk_cert_file",
        ),
        (
            with_issuer(World::new())
                .flag("--server-jwt-jwk-cert-url=http://i/keys")
                .flag("--server-jwt-enabled"),
            "server.jwt.jwk_cert_url: expected an https URL without user and password",
        ),
        (list("x"), "server.jwt.issuers = \"x\" (file config.yaml): expected a list of issuers"),
        (list("[x]"), "server.jwt.issuers = \"[\\\"x\\\"]\" (file config.yaml): expected a list of issuers"),
        (
            list("[{issuer_url: a, jwk_cert_url: https://a, header: b}]"),
            "server.jwt.issuers (file config.yaml): [0]: unknown field `header`, expected one of `issuer_url`,",
        ),
        (
            list("[{issuer_url: 7, jwk_cert_url: https://a}]"),
            "server.jwt.issuers (file config.yaml): [0].issuer_url: expected text (in YAML: put it in quotes)",
        ),
        (
            list("[{issuer_url: a, jwk_cert_url: https://a}, {jwk_cert_url: https://b}]"),
            "server.jwt.issuers (file config.yaml): [1]: missing field `issuer_url`",
        ),
        (
            list("[{issuer_url: a, jwk_cert_url: 'https://u:hunter2@a'}]"),
            "server.jwt.issuers[0].jwk_cert_url: expected an https URL without user and password",
        ),
        (
            list("[{issuer_url: a, jwk_cert_url: https://a}, {issuer_url: a, jwk_cert_url: https://b}]"),
            "server.jwt.issuers: a is configured twice",
        ),
    ];
    for (world, expected) in table {
        let refusal = world.refusal();
        assert!(refusal.starts_with(expected) && !refusal.contains("hunter2"), "{expected}: {refusal}");
    }
}
