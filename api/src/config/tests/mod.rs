//! Tests of the configuration as users see it: a command line, an environment and files.

mod chart;
mod database;
mod go;
mod jwt;
mod precedence;
mod refusals;
mod show;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use super::Config;
use super::environment::{Environment, Variables};
use crate::cli::{self, Command};

/// The inputs of a configuration, independent of the process.
#[derive(Debug, Clone, Default)]
struct World {
    arguments: Vec<&'static str>,
    variables: Variables,
    files: BTreeMap<String, Vec<u8>>,
}

impl World {
    fn new() -> Self {
        Self::default()
    }

    fn flag(mut self, argument: &'static str) -> Self {
        self.arguments.push(argument);
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.to_owned(), content.into());
        self
    }

    /// Adds a configuration file and names it on the command line.
    fn yaml(self, content: &str) -> Self {
        self.file("config.yaml", content).flag("--config=config.yaml")
    }

    /// Returns the command with its settings, the warnings, and the settings as `config` prints them.
    fn parse(&self, command: &'static str) -> Result<(Command, Vec<String>, String), String> {
        let line = ["hyperfleet-api", command].into_iter().chain(self.arguments.iter().copied());
        let read = |path: &Path| {
            let name = path.to_string_lossy().into_owned();
            self.files.get(&name).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        };
        let environment = Environment { variables: &self.variables, read_file: &read };
        let parsed = cli::parse(line.map(OsString::from), &environment);
        let (command, sources) = parsed.map_err(|error| error.to_string())?;
        let shown = match &command {
            Command::Config(config) => config.to_yaml(&sources),
            _ => String::new(),
        };
        Ok((command, sources.warnings, shown))
    }

    fn config(&self) -> Config {
        match self.parse("serve").expect("usable settings").0 {
            Command::Serve(config) => *config,
            other => panic!("{other:?}"),
        }
    }

    fn database_to_migrate(&self) -> String {
        match self.parse("migrate").expect("usable settings").0 {
            Command::Migrate { database, .. } => database.url.expose().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    fn address_to_probe(&self) -> String {
        match self.parse("healthcheck").expect("usable settings").0 {
            Command::Healthcheck { health, .. } => health.probe_address(),
            other => panic!("{other:?}"),
        }
    }

    fn warnings(&self) -> Vec<String> {
        self.parse("serve").expect("usable settings").1
    }

    /// Returns the output of the command `config`.
    fn show(&self) -> String {
        self.parse("config").expect("usable settings").2
    }

    /// Returns the reason why the settings are refused.
    fn refusal(&self) -> String {
        let error = self.parse("serve").expect_err("settings that cannot be used");
        error.strip_prefix("error: ").expect("an error").trim_end().to_owned()
    }
}

#[test]
fn migrate_and_healthcheck_do_not_look_at_other_sections() {
    let world = World::new()
        .yaml("server: {host: 0.0.0.0, port: no, jwt: {enabled: maybe}}\nhealth: {port: 1234}\n")
        .env("HYPERFLEET_DATABASE_URL", "postgres://u:p@h/db")
        .env("HYPERFLEET_METRICS_PORT", "x");
    assert!(world.parse("serve").is_err());
    assert_eq!(world.database_to_migrate(), "postgres://u:p@h/db");
    assert_eq!(world.address_to_probe(), "127.0.0.1:1234");
}

#[test]
fn commands_without_settings_read_nothing() {
    let world = World::new().env("HYPERFLEET_CONFIG", "gone").env("HYPERFLEET_SERVER_PROT", "1");
    let (_, warnings, _) = world.parse("openapi").expect("a command");
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn probe_addresses() {
    let table = [
        ("localhost", "localhost:8083"),
        ("0.0.0.0", "127.0.0.1:8083"),
        ("::", "[::1]:8083"),
        ("[::]", "[::1]:8083"),
        ("10.0.0.7", "10.0.0.7:8083"),
    ];
    for (host, expected) in table {
        let world = World::new().env("HYPERFLEET_SERVER_HOST", host);
        assert_eq!(world.address_to_probe(), expected);
        assert_eq!(World::new().env("HYPERFLEET_HEALTH_HOST", host).address_to_probe(), expected);
    }
    let world = World::new().flag("--server-host=other").env("HYPERFLEET_HEALTH_HOST", "own");
    assert_eq!(world.address_to_probe(), "own:8083");
}
