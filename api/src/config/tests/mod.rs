//! The configuration as its users meet it: a command line, an environment and files.

mod database;
mod jwt;
mod precedence;
mod refusals;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use super::{Config, Environment, Faults, Flags, HealthcheckConfig, Loaded, MigrateConfig, Surroundings};
use crate::cli::{self, Command};

/// Everything a configuration is made of, without a process around it.
#[derive(Debug, Clone, Default)]
struct World {
    arguments: Vec<&'static str>,
    environment: Environment,
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
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.to_owned(), content.into());
        self
    }

    /// A configuration file, named on the command line.
    fn yaml(self, content: &str) -> Self {
        self.file("config.yaml", content).flag("--config=config.yaml")
    }

    fn with<T>(&self, command: &'static str, load: impl Fn(&Flags, &Surroundings<'_>) -> T) -> T {
        let line = ["hyperfleet-api", command].into_iter().chain(self.arguments.iter().copied());
        let flags = match cli::parse(line.map(OsString::from)).expect("a valid command line") {
            Command::Serve(flags) | Command::Migrate(_, flags) | Command::Healthcheck(flags) => flags,
            Command::Openapi { .. } => Flags::default(),
        };
        let read = |path: &Path| {
            let name = path.to_string_lossy().into_owned();
            self.files.get(&name).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        };
        load(&flags, &Surroundings { environment: &self.environment, read_file: &read })
    }

    fn serve(&self) -> Result<Loaded<Config>, Faults> {
        self.with("serve", Config::load)
    }

    fn config(&self) -> Config {
        self.serve().expect("a usable configuration").config
    }

    fn warnings(&self) -> Vec<String> {
        self.serve().expect("a usable configuration").warnings
    }

    /// Every fault, one a line.
    fn faults(&self) -> Vec<String> {
        self.serve().expect_err("a faulty configuration").0.iter().map(ToString::to_string).collect()
    }
}

#[test]
fn migrate_and_healthcheck_do_not_look_at_other_sections() {
    let world = World::new()
        .yaml("server: {host: 0.0.0.0, port: no, jwt: {enabled: maybe}}\nhealth: {port: 1234}\n")
        .env("HYPERFLEET_DATABASE_URL", "postgres://u:p@h/db")
        .env("HYPERFLEET_METRICS_PORT", "x");
    assert_eq!(world.faults().len(), 3);

    let migrate = world.with("migrate", MigrateConfig::load).expect("a usable configuration");
    assert_eq!(migrate.config.database.url.expose(), "postgres://u:p@h/db");

    let healthcheck = world.with("healthcheck", HealthcheckConfig::load).expect("a usable configuration");
    assert_eq!(healthcheck.config.health.probe_address(), "127.0.0.1:1234");
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
        let world = World::new().env("HYPERFLEET_HEALTH_HOST", host);
        let loaded = world.with("healthcheck", HealthcheckConfig::load).expect("a usable configuration");
        assert_eq!(loaded.config.health.probe_address(), expected);
    }
}
