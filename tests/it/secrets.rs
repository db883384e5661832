use crate::harness::{Answer, Postgres, Process};

const PASSWORD: &str = "hunter2-in-the-url";
const TOKEN: &str = "eyJ-a-token-of-somebody";

/// Returns the URL with a password in it.
fn with_password(url: &str) -> String {
    url.replacen("postgres@", &format!("postgres:{PASSWORD}@"), 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_line_shows_a_secret_at_any_level() {
    // The test server accepts any password.
    let url = with_password(&Postgres::get().await.migrated().await);
    assert!(url.contains(PASSWORD), "{url}");
    let header = format!("authorization=Bearer {TOKEN}");
    for level in ["debug", "trace"] {
        let process = Process::start(&[
            ("HYPERFLEET_DATABASE_URL", &url),
            ("HYPERFLEET_LOGGING_LEVEL", level),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
            ("OTEL_EXPORTER_OTLP_HEADERS", &header),
        ])
        .await;
        let request = process.request("GET", "clusters");
        Answer::of(request.bearer_auth(TOKEN).header("Cookie", TOKEN).header("X-Api-Key", TOKEN))
            .await
            .status(200);
        let body = serde_json::json!({"kind": "Cluster", "name": "alpha", "spec": {"password": TOKEN}});
        Answer::of(process.request("POST", "clusters").bearer_auth(TOKEN).json(&body)).await;
        let log = process.stop().await;
        assert!(log.0.contains("\"request\""), "{}", log.0);
        assert!(!log.0.contains(PASSWORD) && !log.0.contains(TOKEN), "{level}: {}", log.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_reached_is_named_without_its_password() {
    let url = format!("postgres://postgres:{PASSWORD}@127.0.0.1:1/fleet");
    let settings = [
        ("HYPERFLEET_DATABASE_URL", url.as_str()),
        ("HYPERFLEET_DATABASE_STARTUP_TIMEOUT", "1s"),
        ("HYPERFLEET_LOGGING_LEVEL", "trace"),
    ];
    let said = Process::fails(&settings).await;
    assert!(said.contains("database.url"), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_refused_is_named_without_its_password() {
    let table = [
        (
            "HYPERFLEET_DATABASE_URL",
            format!("postgres://postgres:{PASSWORD}/x@127.0.0.1:1/fleet"),
            "percent-encode",
        ),
        (
            "DATABASE_URL",
            format!("postgres://postgres:{PASSWORD}@127.0.0.1:port/fleet"),
            "invalid port number",
        ),
        (
            "HYPERFLEET_DATABASE_READ_URL",
            format!("postgres://postgres:{PASSWORD}@[::1/fleet"),
            "invalid IPv6 address",
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            format!("http://me:{PASSWORD}@127.0.0.1:1"),
            "without user, password",
        ),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", format!("http://me:{PASSWORD}@127.0.0.1:x"), "expected a URL"),
    ];
    for (variable, url, reason) in &table {
        // An empty variable counts as not set.
        let no_default = ("HYPERFLEET_DATABASE_URL", "");
        let said = Process::fails(&[no_default, (*variable, url.as_str())]).await;
        assert!(said.contains(variable) && said.contains(reason), "{said}");
        assert!(!said.contains(PASSWORD), "{said}");
    }
}
