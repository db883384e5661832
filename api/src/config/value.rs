//! From what was written to a checked value.

use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::secret::DatabaseUrl;
use super::units;

/// What a setting accepts.
#[derive(Debug)]
pub(super) enum Kind {
    /// Text of at least one character.
    Text,
    /// As `Text`, but never shown.
    Secret,
    /// `true` or `false`.
    Bool,
    /// A whole number within limits, both included.
    Integer { min: u64, max: u64 },
    /// A number of bytes within limits, both included.
    Size { min: u64, max: u64 },
    /// A duration within limits in milliseconds, both included.
    Duration { min: u64, max: u64 },
    /// Names without blanks or repeats.
    List,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Host name or IP address, without a port.
    Host,
    /// As `Host`, or the folder of a Unix socket.
    PostgresHost,
    /// Path of a file that can be read.
    File,
    /// An `http` or `https` URL.
    HttpUrl,
    /// An `https` URL, or an `http` URL on a loopback host.
    KeyUrl,
    /// URL of a database. Never shown, since it may hold a password.
    DatabaseUrl,
}

/// What was written, in the form its source has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Raw<'a> {
    /// A flag, an environment variable or a default.
    Text(&'a str),
    /// A value of the YAML file.
    Yaml(&'a serde_json::Value),
}

/// A value that its setting's [`Kind`] accepts.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Bool(bool),
    /// A number, or a size in bytes.
    Integer(u64),
    Duration(Duration),
    List(Vec<String>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Bool(value) => value.fmt(f),
            Self::Integer(number) => number.fmt(f),
            Self::Duration(duration) => write!(f, "{duration:?}"),
            Self::List(items) => f.write_str(&items.join(",")),
        }
    }
}

impl Raw<'_> {
    /// The value as it is shown in a fault.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(text) => format!("\"{text}\""),
            Self::Yaml(value) => value.to_string(),
        }
    }
}

impl Kind {
    /// The value, or none when this kind does not accept what was written.
    pub(super) fn parse(&self, raw: Raw<'_>) -> Option<Value> {
        match raw {
            Raw::Text(text) => self.parse_text(text),
            Raw::Yaml(serde_json::Value::String(text)) => self.parse_text(text),
            Raw::Yaml(serde_json::Value::Bool(value)) => {
                matches!(self, Self::Bool).then_some(Value::Bool(*value))
            }
            Raw::Yaml(serde_json::Value::Number(number)) => match self {
                Self::Integer { .. } | Self::Size { .. } => self.parse_text(&number.to_string()),
                _ => None,
            },
            Raw::Yaml(serde_json::Value::Array(items)) if matches!(self, Self::List) => {
                names(items.iter().map(serde_json::Value::as_str).collect::<Option<Vec<_>>>()?)
            }
            Raw::Yaml(_) => None,
        }
    }

    fn parse_text(&self, text: &str) -> Option<Value> {
        let owned = |accepted: bool| accepted.then(|| Value::Text(text.to_owned()));
        match self {
            Self::Text => owned(!text.trim().is_empty() && !text.chars().any(char::is_control)),
            Self::Secret => owned(!text.is_empty()),
            Self::Bool => text.parse().ok().map(Value::Bool),
            Self::Integer { min, max } => {
                let number = units::whole_number(text)?;
                (*min..=*max).contains(&number).then_some(Value::Integer(number))
            }
            Self::Size { min, max } => {
                let bytes = units::bytes(text)?;
                (*min..=*max).contains(&bytes).then_some(Value::Integer(bytes))
            }
            Self::Duration { min, max } => {
                let milliseconds = units::milliseconds(text)?;
                let accepted = (*min..=*max).contains(&milliseconds);
                accepted.then(|| Value::Duration(Duration::from_millis(milliseconds)))
            }
            Self::List if text.is_empty() => Some(Value::List(Vec::new())),
            Self::List => names(text.split(',').map(str::trim).collect()),
            Self::Choice(words) => owned(words.contains(&text)),
            Self::Host => owned(is_host(text)),
            Self::PostgresHost => owned(is_host(text) || text.starts_with('/')),
            Self::File => owned(!text.is_empty()),
            Self::HttpUrl => owned(http_host(text).is_some()),
            Self::KeyUrl => {
                owned(http_host(text).is_some_and(|host| text.starts_with("https:") || is_loopback(host)))
            }
            Self::DatabaseUrl => owned(DatabaseUrl::parse(text).is_some()),
        }
    }

    /// What is accepted, in words that complete "expected …".
    pub(super) fn allowed(&self) -> String {
        match self {
            Self::Text | Self::Secret => "expected text (in YAML: put it in quotes)".to_owned(),
            Self::Bool => "expected true or false".to_owned(),
            Self::Integer { min, max } => format!("expected a whole number from {min} to {max}"),
            Self::Size { min, max } => {
                format!("expected a number of bytes from {min} to {max}, such as 65536, 256KiB or 1MiB")
            }
            Self::Duration { min, max } => format!(
                "expected a duration from {} to {}, such as 500ms, 30s, 2m or 1h",
                units::duration_text(*min),
                units::duration_text(*max)
            ),
            Self::List => {
                "expected names separated by commas (in YAML also a list), none empty, none twice".to_owned()
            }
            Self::Choice(words) => format!("expected one of {}", words.join(", ")),
            Self::Host => "expected a host name or an IP address, without a port".to_owned(),
            Self::PostgresHost => "expected a host name, an IP address or the folder of a socket".to_owned(),
            Self::File => "expected the path of a file".to_owned(),
            Self::HttpUrl => "expected a URL that starts with http:// or https://".to_owned(),
            Self::KeyUrl => {
                "expected a URL that starts with https:// (http:// only on a loopback host)".to_owned()
            }
            Self::DatabaseUrl => format!("expected {}", DatabaseUrl::ALLOWED),
        }
    }

    /// A word for the value in help.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Text | Self::Secret => "TEXT",
            Self::Bool => "BOOL",
            Self::Integer { .. } => "NUMBER",
            Self::Size { .. } => "SIZE",
            Self::Duration { .. } => "DURATION",
            Self::List => "LIST",
            Self::Choice(_) => "WORD",
            Self::Host | Self::PostgresHost => "HOST",
            Self::File => "FILE",
            Self::HttpUrl | Self::KeyUrl | Self::DatabaseUrl => "URL",
        }
    }

    /// Whether values may hold a secret and are therefore never shown.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self, Self::Secret | Self::DatabaseUrl)
    }
}

/// The names as a list, when none is blank and none appears twice.
fn names(items: Vec<&str>) -> Option<Value> {
    let mut seen = HashSet::new();
    let accepted = items
        .iter()
        .all(|item| !item.is_empty() && !item.contains(char::is_whitespace) && seen.insert(*item));
    accepted.then(|| Value::List(items.into_iter().map(str::to_owned).collect()))
}

/// Whether the text is an IP address (IPv6 also in brackets) or looks like a host name.
fn is_host(text: &str) -> bool {
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    ip(text).is_some() || (!text.is_empty() && text.len() <= 253 && text.chars().all(name))
}

/// Whether a listener on this host can only be reached from this very machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || ip(host).is_some_and(|ip| ip.is_loopback())
}

fn ip(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// The host of an http or https URL, without its port; none for anything else, credentials included.
fn http_host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return None;
    }
    let host = if authority.starts_with('[') {
        authority.split_inclusive(']').next().unwrap_or_default()
    } else {
        authority.split(':').next().unwrap_or_default()
    };
    is_host(host).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_kind_accepts() {
        let size = Kind::Size { min: 0, max: 1 << 40 };
        let table: [(Kind, &[&str], &[&str]); 9] = [
            (Kind::Bool, &["true", "false"], &["True", "yes", "1", "", " true"]),
            (
                Kind::Integer { min: 1, max: 10 },
                &["1", "10", "007"],
                &["0", "11", "-1", "+1", "1.0", "x", ""],
            ),
            (
                size,
                &["0", "12", "256KiB", "1MiB", "1GiB", "5B"],
                &["1MB", "-1", "1 MiB", "KiB", "99999999GiB"],
            ),
            (
                Kind::Host,
                &["localhost", "10.0.0.1", "::1", "[::1]", "a-b.c"],
                &["", "a:80", "a/b", "http://a"],
            ),
            (Kind::PostgresHost, &["db", "/run/postgresql"], &["", "db:5432"]),
            (Kind::List, &["", "a", "a,b", "a , b"], &["a,,b", ",", "a,a", "a b"]),
            (
                Kind::HttpUrl,
                &["http://c:4317", "https://c/x"],
                &["c:4317", "http://", "grpc://c", "http://a b"],
            ),
            (
                Kind::KeyUrl,
                &["https://issuer/keys", "http://localhost:9/keys", "http://[::1]/k", "http://127.8.0.1"],
                &[
                    "http://issuer/keys",
                    "http://localhost@evil/k",
                    "http://localhost:1@evil/",
                    "http://localhost.evil.org/",
                ],
            ),
            (Kind::Text, &["a"], &["", " ", "a\nb"]),
        ];
        for (kind, accepted, refused) in table {
            for text in accepted {
                assert!(kind.parse(Raw::Text(text)).is_some(), "{kind:?} refuses {text:?}");
            }
            for text in refused {
                assert!(kind.parse(Raw::Text(text)).is_none(), "{kind:?} accepts {text:?}");
            }
        }
    }

    #[test]
    fn loopback_hosts() {
        for host in ["localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["0.0.0.0", "::", "10.0.0.1", "localhost.example.org", "128.0.0.1", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
