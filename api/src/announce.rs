//! The human-readable text that is printed when the server has started.

use crate::config::Config;
use crate::serve::Running;
use service::BASE_PATH;
use std::net::SocketAddr;

/// Returns the addresses of a server that runs with these settings, its database, and whether callers must present a
/// token.
pub(crate) fn text(config: &Config, running: &Running) -> String {
    let (host, database) = (&config.server.host, config.database.url.place());
    let scheme = if config.server.tls_files().is_some() { "https" } else { "http" };
    let at = |scheme: &str, addresses: &[SocketAddr]| {
        addresses
            .first()
            .map_or_else(String::new, |address| format!("{scheme}://{}", reached(host, *address)))
    };
    let (api, health) = (at(scheme, &running.api), at("http", &running.health));
    let metrics = at("http", &running.metrics);
    let callers = if config.server.jwt.is_enabled() { "must present a token" } else { "need no token" };
    let console =
        if config.server.console { format!("\n  Console     {api}/console") } else { String::new() };
    format!(
        "HyperFleet API {} ({})
  Start page  {api}/
  API         {api}{BASE_PATH}
  Swagger UI  {api}/openapi-ui{console}
  Health      {health}/readyz
  Metrics     {metrics}/metrics
  Database    {database}
  Callers     {callers}
",
        crate::VERSION,
        crate::COMMIT,
    )
}

/// Returns the address as it is reached from this machine: `localhost` if the host was configured by that name, or if
/// the server listens on every address.
fn reached(host: &str, address: SocketAddr) -> String {
    let port = address.port();
    match address.ip() {
        ip if ip.is_unspecified() || ip.is_loopback() && host == "localhost" => format!("localhost:{port}"),
        _ => address.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_as_they_are_reached() {
        for (host, address, expected) in [
            ("localhost", "127.0.0.1:8000", "localhost:8000"),
            ("localhost", "[::1]:8000", "localhost:8000"),
            ("localhost", "10.0.0.1:8000", "10.0.0.1:8000"),
            ("0.0.0.0", "0.0.0.0:80", "localhost:80"),
            ("::", "[::]:80", "localhost:80"),
            ("127.0.0.1", "127.0.0.1:80", "127.0.0.1:80"),
            ("api.example.com", "10.0.0.1:80", "10.0.0.1:80"),
            ("fd00::1", "[fd00::1]:80", "[fd00::1]:80"),
        ] {
            assert_eq!(reached(host, address.parse().expect("an address")), expected, "{host}");
        }
    }
}
