//! Resolves the value of each setting: flag, else environment, else file, else default.

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use serde_json::Value;

use super::environment::Environment;
use super::error::ConfigError;
use super::file::ConfigFile;
use super::setting;
use super::url::Secret;

/// The text of a setting and its source.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) text: String,
    /// The source, such as `flag --server-port`.
    pub(super) origin: String,
    /// The precedence of the source. The highest rank wins.
    rank: u8,
}

/// The sources of the settings, and warnings about settings that can be used.
pub struct Sources<'a> {
    /// Warnings to log, such as settings without effect and unknown `HYPERFLEET_` variables.
    pub warnings: Vec<String>,
    pub(super) environment: &'a Environment<'a>,
    /// All settings of the program.
    pub(super) settings: Vec<Arg>,
    given: BTreeMap<String, Given>,
}

/// Parses a command line with clap. A setting without a flag gets its value from the environment or the file, which is
/// named by `--config` or `HYPERFLEET_CONFIG`. Only the settings of the subcommand are resolved.
pub(crate) fn parse<'a>(
    command: Command,
    arguments: &[OsString],
    environment: &'a Environment<'a>,
) -> Result<(ArgMatches, Sources<'a>), clap::Error> {
    let settings = setting::all(&command);
    let mut sources = Sources { warnings: Vec::new(), environment, settings, given: BTreeMap::new() };
    // The command line is parsed alone first, for requests for help and invalid flags.
    let command = setting::with_flags(command);
    let first = sources.matches(command.clone(), arguments)?;
    let Some((name, own)) = first.subcommand() else { return Ok((first, sources)) };
    let declared = command.find_subcommand(name).into_iter().flat_map(Command::get_arguments);
    let declared: Vec<&Arg> = declared.filter(|arg| setting::is_setting(arg)).collect();
    if declared.is_empty() {
        return Ok((first, sources));
    }
    let path = own.try_get_one::<String>(setting::FILE).ok().flatten();
    let file = ConfigFile::read(path, environment, &sources.settings)?;
    sources.warnings = environment.unknown(&sources.settings);
    sources.warnings.extend(file.warning());
    for arg in sources.settings.iter().filter(|arg| declared.iter().any(|own| own.get_id() == arg.get_id())) {
        if let Some(given) = find(arg, own, environment, &file)? {
            sources.given.insert(arg.get_id().to_string(), given);
        }
    }
    let with_default = |arg: Arg| match sources.given(arg.get_id().as_str()) {
        Some(given) => arg.default_value(given.text.clone()),
        None => arg,
    };
    let command = command.mut_subcommand(name, |command| command.mut_args(with_default));
    let matches = sources.matches(command, arguments)?;
    for arg in sources.settings.iter().filter(|arg| setting::is::<PathBuf>(arg)) {
        let key = arg.get_id().as_str();
        if let Some(given) = sources.given(key) {
            let content = environment.read(Path::new(&given.text));
            content.map_err(|problem| sources.refuse(key, problem))?;
        }
    }
    Ok((matches, sources))
}

/// Returns the value from the source with the highest precedence, or `None` if the default applies.
fn find(
    arg: &Arg,
    matches: &ArgMatches,
    environment: &Environment<'_>,
    file: &ConfigFile,
) -> Result<Option<Given>, ConfigError> {
    let key = arg.get_id().as_str();
    let given = |rank, origin, text: &str| Ok(Some(Given { text: text.to_owned(), origin, rank }));
    if matches.value_source(key) == Some(ValueSource::CommandLine) {
        let text = matches.get_raw(key).and_then(|mut values| values.next_back()).unwrap_or_default();
        return given(2, format!("flag {}", setting::flag(arg)), &text.to_string_lossy());
    }
    let variable = setting::variables(arg).find_map(|name| Some((environment.variable(&name)?, name)));
    if let Some((text, name)) = variable {
        // Kubernetes Secrets often end in a line break.
        let is_password = setting::is::<Secret>(arg);
        let text = if is_password { text.trim_end_matches(['\r', '\n']) } else { text.trim() };
        return given(1, format!("environment {name}"), text);
    }
    let origin = format!("file {}", file.path);
    match file.values.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => given(0, origin, text),
        Some(other) if !setting::is_text(arg) => given(0, origin, &other.to_string()),
        Some(other) => {
            let problem = "expected text (in YAML: put it in quotes)";
            Err(refused(arg, problem, &other.to_string(), &origin))
        }
    }
}

/// Returns an error about a value. The value is omitted if it may be a secret.
fn refused(arg: &Arg, problem: impl fmt::Display, value: &str, origin: &str) -> ConfigError {
    let error = ConfigError::new(arg.get_id().as_str(), problem).from(origin);
    if setting::is_secret(arg) { error } else { error.showing(value) }
}

impl Sources<'_> {
    /// Parses the arguments. An error about a value names the key of its setting.
    fn matches(&self, command: Command, arguments: &[OsString]) -> Result<ArgMatches, clap::Error> {
        command.try_get_matches_from(arguments).map_err(|error| {
            let text = |kind| match error.get(kind) {
                Some(ContextValue::String(text)) => text.as_str(),
                _ => "",
            };
            // The argument is formatted as in the help: `--server-port <NUMBER>`.
            let flag = text(ContextKind::InvalidArg).split(' ').next();
            let arg = self.settings.iter().find(|arg| Some(&*setting::flag(arg)) == flag);
            let (Some(arg), true) = (arg, error.get(ContextKind::InvalidValue).is_some()) else {
                return error;
            };
            let problem = match (error.source(), error.get(ContextKind::ValidValue)) {
                (Some(problem), _) => problem.to_string(),
                (None, Some(ContextValue::Strings(words))) if !words.is_empty() => {
                    format!("expected one of {}", words.join(", "))
                }
                _ => "expected a value".to_owned(),
            };
            let origin = self.given(arg.get_id().as_str()).map(|given| given.origin.clone());
            let origin = origin.unwrap_or_else(|| format!("flag {}", setting::flag(arg)));
            refused(arg, problem, text(ContextKind::InvalidValue), &origin).into()
        })
    }

    /// Returns an error about a setting, with its value and the source of the value.
    pub(super) fn refuse(&self, key: &str, problem: impl fmt::Display) -> ConfigError {
        match (self.given(key), self.settings.iter().find(|arg| arg.get_id() == key)) {
            (Some(given), Some(arg)) => refused(arg, problem, &given.text, &given.origin),
            _ => ConfigError::new(key, problem),
        }
    }

    /// Returns the value that is set for a key, or `None` if its default applies.
    pub(super) fn given(&self, key: &str) -> Option<&Given> {
        self.given.get(key)
    }

    /// Returns the setting from the source with the highest precedence, or the first one if several are equal, or
    /// `None` if none is set.
    pub(super) fn strongest(&self, keys: &[&'static str]) -> Option<&'static str> {
        let set = keys.iter().rev().filter_map(|key| Some((self.given(key)?.rank, *key)));
        set.max_by_key(|(rank, _)| *rank).map(|(_, key)| key)
    }

    /// Records that the value of `key` was derived from that of `from`.
    pub(super) fn set_by(&mut self, key: &str, from: &str) {
        if let Some(given) = self.given(from).cloned() {
            self.given.insert(key.to_owned(), given);
        }
    }

    /// Records that `key` was set by `flag`, which stands for another flag.
    pub(super) fn set_by_flag(&mut self, key: &str, text: &str, flag: &str) {
        let given = Given { text: text.to_owned(), origin: format!("flag {flag}"), rank: 2 };
        self.given.insert(key.to_owned(), given);
    }
}
