//! The YAML file: reading it, finding a key in it, refusing keys that nothing reads.

use std::path::Path;

use serde_json::{Map, Value};
use serde_saphyr::UserMessageFormatter;

use super::fault::{Fault, Origin};
use super::jwt;
use super::settings::SETTINGS;
use super::{Flags, Surroundings};

/// The key under which faults of the file itself are reported.
const CONFIG: &str = "config";

/// The parsed file, or nothing when no file is named.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    path: String,
    root: Map<String, Value>,
}

impl ConfigFile {
    /// Reads the file named by `--config` or `HYPERFLEET_CONFIG`.
    ///
    /// A file that cannot be read counts as empty once it is reported, so that other faults are found too.
    pub(super) fn read(flags: &Flags, surroundings: &Surroundings<'_>, faults: &mut Vec<Fault>) -> Self {
        let from_flag = flags.config.clone().map(|path| (path, Origin::Flag("--config".to_owned())));
        let from_environment = || {
            let path = surroundings.variable("HYPERFLEET_CONFIG")?;
            Some((path.to_owned(), Origin::Environment("HYPERFLEET_CONFIG".to_owned())))
        };
        let Some((path, origin)) = from_flag.or_else(from_environment) else {
            return Self::default();
        };
        let root = parse(&path, surroundings).unwrap_or_else(|remedy| {
            faults.push(Fault::new(CONFIG, remedy).showing(&path).from(&origin));
            Map::new()
        });
        let file = Self { path, root };
        file.refuse_unknown(&file.root, "", faults);
        file
    }

    /// Where values of this file come from.
    pub(super) fn origin(&self) -> Origin {
        Origin::File(self.path.clone())
    }

    /// The value at a dotted key. A key without a value (`port:`) counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        let mut names = key.split('.');
        let first = self.root.get(names.next()?)?;
        names.try_fold(first, |value, name| value.as_object()?.get(name)).filter(|value| !value.is_null())
    }

    fn refuse_unknown(&self, section: &Map<String, Value>, prefix: &str, faults: &mut Vec<Fault>) {
        for (name, value) in section {
            let key = format!("{prefix}{name}");
            let below = format!("{key}.");
            if !name.contains('.') && known().any(|known| known == key) {
                continue;
            }
            if name.contains('.') || !known().any(|known| known.starts_with(&below)) {
                faults.push(Fault::new(key, expected_in(prefix)).from(&self.origin()));
            } else if let Some(inner) = value.as_object() {
                self.refuse_unknown(inner, &below, faults);
            } else if !value.is_null() {
                faults.push(
                    Fault::new(key, "expected a section with settings below it")
                        .showing(value)
                        .from(&self.origin()),
                );
            }
        }
    }
}

/// Every key the file may hold.
fn known() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| setting.key).chain([jwt::ISSUERS])
}

/// The names that are allowed where an unknown one was found.
fn expected_in(prefix: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for rest in known().filter_map(|key| key.strip_prefix(prefix)) {
        let name = rest.split('.').next().unwrap_or_default();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    format!("unknown key; expected one of {}", names.join(", "))
}

fn parse(path: &str, surroundings: &Surroundings<'_>) -> Result<Map<String, Value>, String> {
    let bytes = surroundings.read(Path::new(path))?;
    let text = String::from_utf8(bytes).map_err(|_| "the file is not UTF-8 text".to_owned())?;
    // Without snippets: the lines around a mistake may hold a password.
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
