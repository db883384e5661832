//! Why a setting cannot be used, so that it can be fixed without reading the source.

use std::fmt;

use clap::error::ErrorKind;

/// How many characters of a value are shown.
const SHOWN: usize = 100;

/// A setting that cannot be used. Its text names the key, the value unless that may be a secret, where the value
/// came from, and what is allowed: `server.port = "x" (flag --server-port): expected a whole number …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    key: String,
    /// What follows the key.
    text: String,
}

impl ConfigError {
    /// An error in the setting `key`; `problem` says what is allowed or what to do.
    pub fn new(key: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self { key: key.into(), text: format!(": {problem}") }
    }

    /// The same error, its key completed by that of the section it stands in.
    #[must_use]
    pub fn within(self, section: &str) -> Self {
        Self { key: format!("{section}.{}", self.key), ..self }
    }

    /// The same error, with where the value came from.
    pub(super) fn from(self, origin: &str) -> Self {
        Self { text: format!(" ({origin}){}", self.text), ..self }
    }

    /// The same error, with the value in front of its origin: not for secrets. What looks like a URL is left out, since
    /// whoever mistakes one setting for another may have put a password there.
    pub(super) fn showing(self, value: &str) -> Self {
        if value.contains("://") || value.contains('@') {
            return self;
        }
        let start: String = value.chars().take(SHOWN).collect();
        let rest = if start.len() < value.len() { "…" } else { "" };
        Self { text: format!(" = {start:?}{rest}{}", self.text), ..self }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.key, self.text)
    }
}

impl std::error::Error for ConfigError {}

impl From<ConfigError> for clap::Error {
    fn from(error: ConfigError) -> Self {
        Self::raw(ErrorKind::ValueValidation, format!("{error}\n"))
    }
}
