//! Finds each setting's value: flag, else environment, else file, else default.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::fault::{Fault, Faults, Origin};
use super::file::ConfigFile;
use super::settings::{Fallback, SETTINGS, Setting};
use super::value::{Kind, Raw, Value};
use super::{Flags, Loaded, Surroundings};

/// The values of all settings in question, and what was found wrong on the way.
///
/// The getters answer with an empty value for a setting that is at fault: nobody sees it, because
/// [`Layers::finish`] gives out nothing while there are faults.
pub(super) struct Layers<'a> {
    values: BTreeMap<&'static str, (Value, Origin)>,
    pub(super) file: ConfigFile,
    pub(super) surroundings: &'a Surroundings<'a>,
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<String>,
}

impl<'a> Layers<'a> {
    /// Reads every source and checks the settings that `wanted` says yes to, by key.
    pub(super) fn read(flags: &Flags, surroundings: &'a Surroundings<'a>, wanted: fn(&str) -> bool) -> Self {
        let mut faults = Vec::new();
        let file = ConfigFile::read(flags, surroundings, &mut faults);
        let warnings = surroundings.unknown_variables();
        let mut layers = Self { values: BTreeMap::new(), file, surroundings, faults, warnings };
        for setting in SETTINGS.iter().filter(|setting| wanted(setting.key)) {
            match layers.find(setting, flags) {
                Ok(Some(found)) => {
                    layers.values.insert(setting.key, found);
                }
                Ok(None) => {}
                Err(fault) => layers.faults.push(fault),
            }
        }
        layers
    }

    fn find(&self, setting: &Setting, flags: &Flags) -> Result<Option<(Value, Origin)>, Fault> {
        let names = setting.environment();
        if let Some(given) = flags.values.get(setting.key) {
            return self.check(setting, Raw::Text(&given.text), Origin::Flag(given.flag.clone())).map(Some);
        }
        if let Some((name, text)) =
            names.iter().find_map(|name| Some((name, self.surroundings.variable(name)?)))
        {
            return self.check(setting, Raw::Text(text), Origin::Environment(name.clone())).map(Some);
        }
        if let Some(value) = self.file.get(setting.key) {
            return self.check(setting, Raw::Yaml(value), self.file.origin()).map(Some);
        }
        match setting.default {
            Fallback::Value(text) => self.check(setting, Raw::Text(text), Origin::Default).map(Some),
            Fallback::Absent(_) => Ok(None),
        }
    }

    fn check(&self, setting: &Setting, raw: Raw<'_>, origin: Origin) -> Result<(Value, Origin), Fault> {
        let fault = |remedy: String| {
            let fault = Fault::new(setting.key, remedy).from(&origin);
            if setting.is_secret() { fault } else { fault.showing(raw.shown()) }
        };
        let value = setting.kind.parse(raw).ok_or_else(|| fault(setting.kind.allowed()))?;
        if let (Kind::File, Value::Text(path)) = (&setting.kind, &value) {
            self.surroundings.read(Path::new(path)).map_err(fault)?;
        }
        Ok((value, origin))
    }

    /// What was built, or everything that is wrong.
    pub(super) fn finish<T>(self, config: T) -> Result<Loaded<T>, Faults> {
        if self.faults.is_empty() {
            Ok(Loaded { config, warnings: self.warnings })
        } else {
            Err(Faults(self.faults))
        }
    }

    /// Reports a setting whose value is acceptable by itself but not beside the others.
    pub(super) fn refuse(&mut self, key: &str, remedy: impl Into<String>) {
        let mut fault = Fault::new(key, remedy);
        if let Some((value, origin)) = self.values.get(key) {
            fault = fault.from(origin);
            if !SETTINGS.iter().any(|setting| setting.key == key && setting.is_secret()) {
                fault = fault.showing(value);
            }
        }
        self.faults.push(fault);
    }

    /// Whether a fault of this setting is already known.
    pub(super) fn is_faulty(&self, key: &str) -> bool {
        self.faults.iter().any(|fault| fault.key == key)
    }

    /// Where the setting's value came from; none when it has no value.
    pub(super) fn origin(&self, key: &str) -> Option<&Origin> {
        self.values.get(key).map(|(_, origin)| origin)
    }

    /// Of these settings the one given by the strongest source, the first one of equals.
    pub(super) fn strongest(&self, keys: &[&'static str]) -> Option<&'static str> {
        let given = keys.iter().rev().filter_map(|key| Some((self.origin(key)?.rank(), *key)));
        given.max_by_key(|(rank, _)| *rank).map(|(_, key)| key)
    }

    /// A text setting.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        match self.values.get(key) {
            Some((Value::Text(text), _)) => Some(text.clone()),
            _ => None,
        }
    }

    /// A path.
    pub(super) fn path(&self, key: &str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    /// A switch.
    pub(super) fn switch(&self, key: &str) -> Option<bool> {
        match self.values.get(key) {
            Some((Value::Bool(value), _)) => Some(*value),
            _ => None,
        }
    }

    /// A number or a size; none also when it does not fit the type, which the setting's limits rule out.
    pub(super) fn number<T: TryFrom<u64>>(&self, key: &str) -> Option<T> {
        match self.values.get(key) {
            Some((Value::Integer(number), _)) => T::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A duration that has a default.
    pub(super) fn duration(&self, key: &str) -> Duration {
        self.optional_duration(key).unwrap_or_default()
    }

    /// A duration that may be left out.
    pub(super) fn optional_duration(&self, key: &str) -> Option<Duration> {
        match self.values.get(key) {
            Some((Value::Duration(duration), _)) => Some(*duration),
            _ => None,
        }
    }

    /// A list.
    pub(super) fn list(&self, key: &str) -> Vec<String> {
        match self.values.get(key) {
            Some((Value::List(items), _)) => items.clone(),
            _ => Vec::new(),
        }
    }
}
