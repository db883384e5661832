//! The YAML configuration file: reads it, refuses unknown keys, and accepts files of the Go service.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Arg;
use serde_json::{Map, Value};
use serde_saphyr::UserMessageFormatter;

use super::environment::Environment;
use super::error::ConfigError;

/// Keys and sections of the Go service's configuration that have no effect here and are ignored.
const GO_KEYS: &str = "server.hostname server.timeouts server.tls.enabled database.dialect database.debug \
    database.pool.max_idle_connections database.pool.conn_max_lifetime database.pool.conn_max_idle_time \
    database.pool.request_timeout database.pool.conn_retry_attempts database.pool.conn_retry_interval \
    database.pool.advisory_lock_timeout health.shutdown_timeout health.db_ping_timeout logging.output \
    logging.masking logging.otel metrics.label_metrics_inclusion_duration tracing.enabled tracing.service_name";
/// Sections of the Go service's configuration that are ignored only while they are disabled: operators who enable one
/// rely on it.
const GO_SWITCHES: [&str; 3] = ["server.tenant", "health.tls", "metrics.tls"];
/// The kinds of the Go service whose required adapters are used, and the settings that they correspond to.
const GO_KINDS: [(&str, &str); 2] =
    [("Cluster", "adapters.required.cluster"), ("NodePool", "adapters.required.nodepool")];

/// The similarity, from 0 to 1, above which an unknown name counts as a misspelling of a known one.
const MIN_SIMILARITY: f64 = 0.8;

/// The settings in a file.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    /// The path of the file, as given.
    pub(super) path: String,
    /// The values by dotted key. A key without a value (`port:`) counts as absent.
    pub(super) values: BTreeMap<String, Value>,
    /// The keys that are ignored.
    ignored: Vec<String>,
    /// The reasons why keys are refused.
    refused: Vec<String>,
}

impl ConfigFile {
    /// Reads the file named by `flag` or, if absent, by `HYPERFLEET_CONFIG`. Returns no settings if neither names a
    /// file.
    pub(super) fn read(
        flag: Option<&String>,
        environment: &Environment<'_>,
        known: &[Arg],
    ) -> Result<Self, ConfigError> {
        let variable = environment.variable("HYPERFLEET_CONFIG").map(str::trim);
        let (path, origin) = match (flag.map(String::as_str), variable) {
            (Some(path), _) => (path, "flag --config"),
            (None, Some(path)) => (path, "environment HYPERFLEET_CONFIG"),
            (None, None) => return Ok(Self::default()),
        };
        let refused = |problem: String| ConfigError::new("config", problem).from(origin).showing(path);
        let bytes = environment.read(Path::new(path)).map_err(refused)?;
        let mut file = Self { path: path.to_owned(), ..Self::default() };
        file.collect(parse(bytes).map_err(refused)?, "", known);
        if file.refused.is_empty() {
            return Ok(file);
        }
        let lines: String = file.refused.iter().map(|line| format!("\n  - {line}")).collect();
        Err(refused(format!("the file has keys that cannot be used:{lines}")))
    }

    /// Returns the warning about ignored keys, if there are any.
    pub(super) fn warning(&self) -> Option<String> {
        let (path, ignored) = (&self.path, self.ignored.join(", "));
        let text = format!("{path}: keys of the Go service without a meaning here are ignored: {ignored}");
        (!self.ignored.is_empty()).then_some(text)
    }

    fn collect(&mut self, section: Map<String, Value>, prefix: &str, known: &[Arg]) {
        for (name, value) in section {
            let key = format!("{prefix}{name}");
            let below = format!("{key}.");
            let plain = !name.contains('.');
            if plain && known.iter().any(|arg| arg.get_id() == key.as_str()) {
                if !value.is_null() {
                    self.values.insert(key, value);
                }
            } else if plain && known.iter().any(|arg| arg.get_id().as_str().starts_with(&below)) {
                match value {
                    Value::Object(section) => self.collect(section, &below, known),
                    Value::Null => {}
                    _ => self.refused.push(format!("{key}: expected a section with settings below it")),
                }
            } else if key == "entities" {
                self.take_entities(&value);
            } else if GO_SWITCHES.contains(&key.as_str()) && value["enabled"] == true {
                self.refused
                    .push(format!("{key}: not supported; ignored only while {key}.enabled is not true"));
            } else if GO_KEYS.split(' ').any(|known| known == key) || GO_SWITCHES.contains(&key.as_str()) {
                self.ignored.push(key);
            } else {
                self.refused.push(format!("{key}: unknown key; {}", suggestion(&name, prefix, known)));
            }
        }
    }

    /// Reads the required adapters of clusters and node pools, unless the file contains the settings for them.
    fn take_entities(&mut self, entities: &Value) {
        self.ignored.push("entities, but for required_adapters of Cluster and NodePool".to_owned());
        for entity in entities.as_array().into_iter().flatten() {
            let kind = GO_KINDS.iter().find(|(kind, _)| entity["kind"] == *kind);
            if let (Some((_, key)), Some(adapters)) = (kind, entity.get("required_adapters"))
                && !adapters.is_null()
            {
                self.values.entry((*key).to_owned()).or_insert_with(|| adapters.clone());
            }
        }
    }
}

/// Suggests the known name in the section that is closest to `name`, or lists the known names.
fn suggestion(name: &str, prefix: &str, known: &[Arg]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for rest in known.iter().filter_map(|arg| arg.get_id().as_str().strip_prefix(prefix)) {
        let name = rest.split('.').next().unwrap_or_default();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let similarity = |other: &str| strsim::jaro_winkler(name, other);
    let closest = names.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    match closest.filter(|closest| similarity(closest) > MIN_SIMILARITY) {
        Some(closest) => format!("did you mean {prefix}{closest}?"),
        None => format!("expected one of {}", names.join(", ")),
    }
}

fn parse(bytes: Vec<u8>) -> Result<Map<String, Value>, String> {
    let text = String::from_utf8(bytes).map_err(|_| "the file is not UTF-8 text".to_owned())?;
    // Snippets are disabled: the lines around an error may contain a password.
    let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
    let value: Option<Value> = serde_saphyr::from_str_with_options(&text, options).map_err(|error| {
        format!("the file is not valid YAML: {}", error.render_with_formatter(&UserMessageFormatter))
    })?;
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(root)) => Ok(root),
        Some(_) => Err("expected a YAML mapping with sections such as server and database".to_owned()),
    }
}
