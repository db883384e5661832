//! What is wrong with a configuration, said so that it can be put right without reading the source.

use std::error::Error;
use std::fmt;

/// Where a value came from. Later ones outrank earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The configuration file, by its path.
    File(String),
    /// An environment variable, by its name.
    Environment(String),
    /// A command-line flag, dashes included.
    Flag(String),
}

impl Origin {
    /// Precedence: a higher rank wins.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File(_) => 1,
            Self::Environment(_) => 2,
            Self::Flag(_) => 3,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {path}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The setting, such as `server.port`.
    pub key: String,
    /// Where the value came from; none when the fault is that nobody said anything.
    pub origin: Option<Origin>,
    /// The value, shortened; none for a secret and where there is no value.
    pub value: Option<String>,
    /// What is allowed instead, or what to do.
    pub remedy: String,
}

impl Fault {
    /// A fault that is not about one given value.
    pub(super) fn new(key: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { key: key.into(), origin: None, value: None, remedy: remedy.into() }
    }

    /// Says where the faulty value came from.
    pub(super) fn from(mut self, origin: &Origin) -> Self {
        self.origin = Some(origin.clone());
        self
    }

    /// Says what the faulty value is. Not for secrets.
    pub(super) fn showing(mut self, value: impl fmt::Display) -> Self {
        self.value = Some(shorten(&value.to_string()));
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        if let Some(origin) = &self.origin {
            write!(f, " ({origin})")?;
        }
        write!(f, ": {}", self.remedy)
    }
}

/// Everything that is wrong with the configuration, never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        for fault in &self.0 {
            write!(f, "\n  - {fault}")?;
        }
        Ok(())
    }
}

impl Error for Faults {}

/// At most 100 characters of a text, line breaks and other control characters escaped.
fn shorten(text: &str) -> String {
    const SHOWN: usize = 100;
    let mut shown: String = text.chars().take(SHOWN).flat_map(printable).collect();
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}

/// The character itself, or its escape when it would disturb a log line.
fn printable(character: char) -> Vec<char> {
    if character.is_control() { character.escape_default().collect() } else { vec![character] }
}
