//! The settings of every command: flag > environment > YAML file > default.
//!
//! To add a setting, add a field with a doc comment and `#[arg(id = "section.name", …)]` to the struct of its section
//! (`database` in [`database`], `server.jwt` in [`jwt`] and [`issuer`], all others in [`settings`]), and use it. Then
//! add a sample value to `SAMPLES` in `config/tests/precedence.rs` and a property to the schema of the chart in
//! `deploy/`. A setting that the service needs is also a field of `service::Settings`, which is filled in `serve.rs`
//! and in `tests/it/harness/service.rs`. A limit also gets a row in the table of limits in `docs/operations.md`.
//!
//! The key of the YAML file, the flag `--section-name` and the variable `HYPERFLEET_SECTION_NAME` are derived from the
//! id `section.name`. In `#[arg]`, `default_value` has the same format as in the environment, `value_parser` comes from
//! `parse`, and `env` names an additional variable. A field without a default is an `Option`. Rules that span several
//! settings belong in `Config::resolve`.
//!
//! `setting` derives the flag, the variables and the help; `sources` passes the values of the environment and the file
//! to clap as defaults; `file` reads the YAML file. No code reads the state of the process directly: it is passed in as
//! an [`environment::Environment`].

pub mod database;
pub mod environment;
pub mod error;
pub mod issuer;
pub mod jwt;
pub(crate) mod parse;
pub(crate) mod setting;
pub mod settings;
pub mod sources;
pub mod url;

mod file;
mod show;
#[cfg(test)]
mod tests;

use clap::Args;

use self::database::Database;
use self::error::ConfigError;
use self::parse::http_url;
use self::settings::{Adapters, Changes, Health, Logging, Metrics, Server, Tracing};
use self::sources::Sources;

/// The variable that sets the endpoint of spans only, with precedence over `tracing.otlp_endpoint`. The exporter reads
/// it directly and would repeat its value in errors, so it is checked first.
pub(crate) const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

/// All settings of `serve`.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// The API.
    #[command(flatten)]
    pub server: Server,
    /// The health port.
    #[command(flatten)]
    pub health: Health,
    /// The metrics port.
    #[command(flatten)]
    pub metrics: Metrics,
    /// The database.
    #[command(flatten)]
    pub database: Database,
    /// The adapters and their reports.
    #[command(flatten)]
    pub adapters: Adapters,
    /// The log of changes and its followers.
    #[command(flatten)]
    pub changes: Changes,
    /// The log output.
    #[command(flatten)]
    pub logging: Logging,
    /// The export of spans.
    #[command(flatten)]
    pub tracing: Tracing,
    /// Fill an empty database with a small demo fleet whose adapters keep reporting.
    #[arg(long, help_heading = "Server")]
    pub demo: bool,
}

impl Config {
    /// Applies the rules that span several settings.
    pub(crate) fn resolve(&mut self, sources: &mut Sources<'_>) -> Result<(), ConfigError> {
        inherit_host(sources, "health.host", &mut self.health.host, &self.server.host);
        inherit_host(sources, "metrics.host", &mut self.metrics.host, &self.server.host);
        self.server.check_tls()?;
        self.server.jwt.resolve(sources, &self.server.host)?;
        self.database.resolve(sources)?;
        if let Some(endpoint) = sources.environment.variable(TRACES_ENDPOINT) {
            http_url(endpoint).map_err(|problem| ConfigError::new(TRACES_ENDPOINT, problem))?;
        }
        if self.server.max_body_memory < self.server.max_body_bytes {
            let problem =
                "must not be less than server.max_body_bytes: a body of that size could never be received";
            return Err(sources.refuse("server.max_body_memory", problem));
        }
        if self.server.max_page_memory < self.server.max_page_bytes {
            let problem =
                "must not be less than server.max_page_bytes: a page of that size could never be sent";
            return Err(sources.refuse("server.max_page_memory", problem));
        }
        // Two listeners on one address would fail later, with a message that names neither setting.
        let listeners = [
            ("server.port", &self.server.host, self.server.port),
            ("health.port", &self.health.host, self.health.port),
            ("metrics.port", &self.metrics.host, self.metrics.port),
        ];
        for (index, (key, host, port)) in listeners.iter().enumerate() {
            let earlier = listeners[..index].iter().find(|(_, h, p)| *port != 0 && p == port && h == host);
            if let Some((taken_by, _, _)) = earlier {
                let problem = format!("{port} is the port of {taken_by}; every listener needs its own");
                return Err(sources.refuse(key, problem));
            }
        }
        Ok(())
    }
}

/// Sets `host` to the host of the API, unless the setting `key` is given.
pub(crate) fn inherit_host(sources: &mut Sources<'_>, key: &str, host: &mut String, server_host: &str) {
    if sources.given(key).is_none() {
        server_host.clone_into(host);
        sources.set_by(key, "server.host");
    }
}
