//! The error for a setting that cannot be used, detailed enough to correct it without reading the source.

use std::fmt;

use clap::error::ErrorKind;

/// The maximum number of characters of a value that an error shows.
const SHOWN: usize = 100;

/// A setting that cannot be used.
///
/// The message contains the key, the value unless it may be a secret, the source of the value, and what is allowed:
/// `server.port = "x" (flag --server-port): expected a whole number …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    key: String,
    /// The part of the message after the key.
    text: String,
}

impl ConfigError {
    /// Creates an error for the setting `key`. `problem` states what is allowed or what to do.
    pub fn new(key: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self { key: key.into(), text: format!(": {problem}") }
    }

    /// Prefixes the key with the key of its section.
    #[must_use]
    pub fn within(self, section: &str) -> Self {
        Self { key: format!("{section}.{}", self.key), ..self }
    }

    /// Adds the source of the value.
    pub(super) fn from(self, origin: &str) -> Self {
        Self { text: format!(" ({origin}){}", self.text), ..self }
    }

    /// Adds the value in front of its source; not for secrets. A value that resembles a URL is omitted, because a user
    /// who mistakes one setting for another may have put a password there.
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
