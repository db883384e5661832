//! The settings of every command: flag > environment > YAML file > default.
//!
//! To add a setting: a field with a doc comment and `#[arg(id = "section.name", …)]` in the struct of its section
//! (`database` in [`database`], `server.jwt` in [`jwt`] and [`issuer`], all others in [`settings`]), and its use; a sample of
//! it in `tests/precedence.rs` and in the schema of the chart in `deploy/`. The rest follows from the id `section.name`: the
//! key of the YAML file, the flag `--section-name`, the variable `HYPERFLEET_SECTION_NAME`. In `#[arg]`,
//! `default_value` is written as in the environment, `value_parser` comes from `parse`, and `env` names one more
//! variable. A field without a default is an `Option`. A rule that spans several settings goes into `settle`.
//!
//! `setting` derives flag, variable and help; `layers` gives clap the values of the environment and the file as
//! defaults; `file` reads the YAML. Nothing reads the state of the process: it is passed in as an
//! [`environment::Environment`].

pub mod database;
pub mod environment;
pub mod error;
pub mod issuer;
pub mod jwt;
pub mod layers;
pub(crate) mod parse;
pub(crate) mod setting;
pub mod settings;
pub mod url;

mod file;
mod show;
#[cfg(test)]
mod tests;

use clap::Args;

use self::database::Database;
use self::error::ConfigError;
use self::layers::Layers;
use self::parse::http_url;
use self::settings::{Adapters, Changes, Health, Logging, Metrics, Server, Tracing};

/// Names the endpoint of spans alone, and outranks `tracing.otlp_endpoint`. The exporter reads it itself, and would
/// repeat it in its errors.
pub(crate) const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

/// All settings of `serve`.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// The API itself.
    #[command(flatten)]
    pub server: Server,
    /// The port that tells whether this process is alive and ready.
    #[command(flatten)]
    pub health: Health,
    /// The port that metrics are scraped from.
    #[command(flatten)]
    pub metrics: Metrics,
    /// Where everything is stored.
    #[command(flatten)]
    pub database: Database,
    /// Whose reports are required.
    #[command(flatten)]
    pub adapters: Adapters,
    /// The log of changes and those who follow it.
    #[command(flatten)]
    pub changes: Changes,
    /// What is written to standard output.
    #[command(flatten)]
    pub logging: Logging,
    /// Where spans are sent.
    #[command(flatten)]
    pub tracing: Tracing,
    /// Fill an empty database with a small demo fleet whose adapters keep reporting.
    #[arg(long, help_heading = "Server")]
    pub demo: bool,
}

impl Config {
    /// Applies the rules that span several settings.
    pub(crate) fn settle(&mut self, layers: &mut Layers<'_>) -> Result<(), ConfigError> {
        inherit_host(layers, "health.host", &mut self.health.host, &self.server.host);
        inherit_host(layers, "metrics.host", &mut self.metrics.host, &self.server.host);
        self.server.check_tls()?;
        self.server.jwt.settle(layers, &self.server.host)?;
        self.database.settle(layers)?;
        if let Some(endpoint) = layers.environment.variable(TRACES_ENDPOINT) {
            http_url(endpoint).map_err(|problem| ConfigError::new(TRACES_ENDPOINT, problem))?;
        }
        if self.server.max_body_memory < self.server.max_body_bytes {
            let problem =
                "must not be less than server.max_body_bytes: a body of that size could never be held";
            return Err(layers.refuse("server.max_body_memory", problem));
        }
        if self.server.max_page_memory < self.server.max_page_bytes {
            let problem =
                "must not be less than server.max_page_bytes: a page of that size could never be held";
            return Err(layers.refuse("server.max_page_memory", problem));
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
                return Err(layers.refuse(key, problem));
            }
        }
        Ok(())
    }
}

/// Listens where the API does, unless the setting `key` says otherwise.
pub(crate) fn inherit_host(layers: &mut Layers<'_>, key: &str, host: &mut String, server_host: &str) {
    if layers.given(key).is_none() {
        server_host.clone_into(host);
        layers.set_by(key, "server.host");
    }
}
