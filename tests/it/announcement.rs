//! The text that the server prints for people at startup.

use crate::harness::{Postgres, Process};

/// Starts the server and returns a lookup of the printed lines by their first words.
async fn told(settings: &[(&str, &str)]) -> impl Fn(&str) -> String + use<> {
    let told = Process::tells_up_to("  Callers", settings).await;
    assert!(told.contains(&format!("HyperFleet API {} ({})", api::VERSION, api::COMMIT)), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    move |name| {
        let line = told.lines().find_map(|line| line.strip_prefix("  ")?.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name}: {told}")).trim().to_owned()
    }
}

#[tokio::test]
async fn a_person_is_told_where_everything_is() {
    let told = told(&[]).await;
    let start = told("Start page");
    let base = start.strip_suffix('/').expect("an address");
    assert!(base.starts_with("http://127.0.0.1:"), "{base}");
    assert_eq!(told("API"), format!("{base}/api/hyperfleet/v1"));
    assert_eq!(told("Swagger UI"), format!("{base}/openapi-ui"));
    assert!(told("Health").ends_with("/readyz") && told("Metrics").ends_with("/metrics"));
    assert!(told("Database").starts_with("SQLite, file /") && told("Database").ends_with("/test.db"));
    assert_eq!(told("Callers"), "need no token");
}

#[tokio::test]
async fn a_server_of_the_network_is_announced_without_its_password() {
    let url = Postgres::get().await.migrated().await;
    let (server, name) = url.rsplit_once('/').expect("a URL");
    let url = format!("{server}/{name}?password=hunter2");
    let told = told(&[("HYPERFLEET_DATABASE_URL", &url)]).await;
    assert!(told("Database").starts_with(&format!("PostgreSQL, {name} at ")), "{}", told("Database"));
}
