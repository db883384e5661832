//! The settings of every command: flag > environment > YAML file > default.
//!
//! [`SETTINGS`] is the one table of what can be set. Reading is pure: flags, environment and files are
//! passed in, so that a test needs none of the process's own. Everything that is wrong is reported at once.

mod build;
mod database;
mod fault;
mod file;
mod jwt;
mod layers;
mod secret;
mod settings;
#[cfg(test)]
mod tests;
mod types;
mod units;
mod value;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

pub use fault::{Fault, Faults, Origin};
pub use secret::DatabaseUrl;
pub use settings::{SETTINGS, Setting};
pub use types::{
    Adapters, Config, Database, HealthcheckConfig, IssuerConfig, Jwt, Listen, LogFormat, Logging, Metrics,
    MigrateConfig, Pool, Required, Server, Tls, Tracing,
};

use layers::Layers;

/// Environment variables by name.
pub type Environment = BTreeMap<String, String>;

/// Reads a whole file, as [`std::fs::read`] does.
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// What the command line says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// The configuration file named by `--config`.
    pub config: Option<String>,
    /// Values by the key of their setting.
    pub values: BTreeMap<&'static str, FlagValue>,
}

/// A value given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagValue {
    /// The flag as it was written, dashes included; `--no-auth` stands for another one.
    pub flag: String,
    /// The value, not yet checked.
    pub text: String,
}

/// The world outside the command line.
pub struct Surroundings<'a> {
    /// Environment variables.
    pub environment: &'a Environment,
    /// How files are read.
    pub read_file: ReadFile<'a>,
}

/// A usable configuration, and what its author should hear all the same.
#[derive(Debug)]
pub struct Loaded<T> {
    /// The checked settings.
    pub config: T,
    /// Sentences to log: settings without effect, environment variables that look like settings.
    pub warnings: Vec<String>,
}

impl Config {
    /// The settings of `serve`.
    ///
    /// # Errors
    /// Everything that is wrong, each with its key, its source and what is allowed.
    pub fn load(flags: &Flags, surroundings: &Surroundings<'_>) -> Result<Loaded<Self>, Faults> {
        let mut layers = Layers::read(flags, surroundings, |_| true);
        let config = build::config(&mut layers);
        layers.finish(config)
    }
}

impl MigrateConfig {
    /// Whether `migrate` reads this setting.
    #[must_use]
    pub fn reads(key: &str) -> bool {
        let asks_for_itself = key == "database.auto_migrate";
        (key.starts_with("database.") && !asks_for_itself) || key.starts_with("logging.")
    }

    /// The settings of `migrate`. Values of other sections are not looked at.
    ///
    /// # Errors
    /// Everything that is wrong, each with its key, its source and what is allowed.
    pub fn load(flags: &Flags, surroundings: &Surroundings<'_>) -> Result<Loaded<Self>, Faults> {
        let mut layers = Layers::read(flags, surroundings, Self::reads);
        let config = Self { database: database::database(&mut layers), logging: build::logging(&layers) };
        layers.finish(config)
    }
}

impl HealthcheckConfig {
    /// Whether `healthcheck` reads this setting.
    #[must_use]
    pub fn reads(key: &str) -> bool {
        key.starts_with("health.") || key == "server.host"
    }

    /// The settings of `healthcheck`. Values of other sections are not looked at.
    ///
    /// # Errors
    /// Everything that is wrong, each with its key, its source and what is allowed.
    pub fn load(flags: &Flags, surroundings: &Surroundings<'_>) -> Result<Loaded<Self>, Faults> {
        let layers = Layers::read(flags, surroundings, Self::reads);
        let config = Self { health: build::health(&layers) };
        layers.finish(config)
    }
}

impl Surroundings<'_> {
    /// An environment variable. A blank one counts as not set, as shells and manifests often leave them.
    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|text| !text.trim().is_empty())
    }

    /// The content of a file, or a sentence on why there is none.
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        (self.read_file)(path).map_err(|error| format!("the file cannot be read: {error}"))
    }

    /// A sentence for every `HYPERFLEET_` variable that no setting reads.
    ///
    /// Not a fault: Kubernetes puts the address of every service into the environment, and a service
    /// named `hyperfleet-api` gives `HYPERFLEET_API_SERVICE_HOST` and the like, which are left out here.
    fn unknown_variables(&self) -> Vec<String> {
        let known: Vec<String> = SETTINGS.iter().flat_map(Setting::environment).collect();
        let unknown = |name: &&String| {
            name.starts_with("HYPERFLEET_") && *name != "HYPERFLEET_CONFIG" && !known.contains(name)
        };
        let names = self.environment.iter().filter(|(name, value)| !is_service_link(name, value));
        let warning = |name| format!("environment variable {name} is not a setting and has no effect");
        names.map(|(name, _)| name).filter(unknown).map(warning).collect()
    }
}

/// Whether Kubernetes made this variable to tell where a service is.
fn is_service_link(name: &str, value: &str) -> bool {
    let address = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let part = ["_TCP_", "_UDP_", "_SCTP_"].iter().any(|protocol| name.contains(protocol));
    address || part || name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT")
}
