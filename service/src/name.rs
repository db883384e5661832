//! Names and labels, validated once on input.

use crate::error::{Error, FieldError, Result, shortened};
use crate::kind::Kind;
use std::collections::BTreeMap;

/// The maximum number of labels of a resource.
pub const MAX_LABELS: usize = 64;
const MAX_LABEL_PART: usize = 63;
const MAX_LABEL_PREFIX: usize = 253;
const MAX_ADAPTER: usize = 253;

/// The name of a resource: lowercase letters, digits and hyphens, with no hyphen at either end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceName(String);

impl ResourceName {
    /// Validates `name` by the rules of `kind`. For HTTP requests, the schema has reported the violated rule
    /// before.
    pub fn parse(kind: Kind, name: &str) -> Result<Self> {
        if kind.name_length().contains(&name.len()) && is_dns_label(name) {
            Ok(Self(name.to_owned()))
        } else {
            let message = format!("'{}' is not a valid name for a {kind}", shortened(name));
            Err(Error::invalid("name", message, "pattern"))
        }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of an adapter: 1 to 253 letters, digits, hyphens, underscores and dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterName(String);

impl AdapterName {
    /// Validates `name`. For HTTP requests, the schema has done so before.
    pub fn parse(name: &str) -> Result<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if (1..=MAX_ADAPTER).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name.to_owned()))
        } else {
            let message = format!("'{}' is not a valid adapter name", shortened(name));
            Err(Error::invalid("adapter", message, "pattern"))
        }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Labels that follow the rules of Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// Validates every key and value. Returns one error for each violation.
    pub fn parse(labels: BTreeMap<String, String>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        if labels.len() > MAX_LABELS {
            let message = format!("at most {MAX_LABELS} labels are allowed, found {}", labels.len());
            errors.push(FieldError::new("labels", message).constraint("max"));
        }
        for (key, value) in &labels {
            if !is_label_key(key) {
                let message = "label keys are an optional DNS prefix and '/', then at most 63 letters, digits, '.', '_' or '-', with a letter or digit at both ends";
                errors.push(FieldError::new("labels", message).constraint("pattern").value(shortened(key)));
            } else if !(value.is_empty() || is_label_part(value)) {
                let message = "label values are at most 63 letters, digits, '.', '_' or '-', with a letter or digit at both ends, or empty";
                let field = format!("labels[{key}]");
                errors.push(FieldError::new(field, message).constraint("pattern").value(shortened(value)));
            }
        }
        if errors.is_empty() { Ok(Self(labels)) } else { Err(errors) }
    }

    /// Returns the keys and values, ordered by key.
    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

fn is_dns_label(text: &str) -> bool {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    ends_are(text, plain) && text.bytes().all(|c| plain(c) || c == b'-')
}

fn is_label_part(text: &str) -> bool {
    text.len() <= MAX_LABEL_PART
        && ends_are(text, |c| c.is_ascii_alphanumeric())
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c))
}

fn is_label_key(key: &str) -> bool {
    match key.split_once('/') {
        None => is_label_part(key),
        Some((prefix, name)) => {
            prefix.len() <= MAX_LABEL_PREFIX
                && prefix.split('.').all(|part| part.len() <= MAX_LABEL_PART && is_dns_label(part))
                && is_label_part(name)
        }
    }
}

fn ends_are(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    matches!((bytes.first(), bytes.last()), (Some(&first), Some(&last)) if allowed(first) && allowed(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_their_kind() {
        for (kind, name, good) in [
            (Kind::Cluster, "abc", true),
            (Kind::Cluster, "ab", false),
            (Kind::Cluster, "-abc", false),
            (Kind::Cluster, "abc-", false),
            (Kind::Cluster, "Abc", false),
            (Kind::Cluster, "a.b.c", false),
            (Kind::Cluster, "größe", false),
            (Kind::NodePool, "worker-pool", true),
            (Kind::NodePool, "sixteen-letters-", false),
        ] {
            assert_eq!(ResourceName::parse(kind, name).is_ok(), good, "{name}");
        }
        assert!(ResourceName::parse(Kind::Cluster, &"a".repeat(53)).is_ok());
        assert!(ResourceName::parse(Kind::Cluster, &"a".repeat(54)).is_err());
    }

    #[test]
    fn labels_follow_the_rules_of_kubernetes() {
        for (key, value, good) in [
            ("env", "production", true),
            ("env", "", true),
            ("app.kubernetes.io/name", "a_b.c-d", true),
            ("Env_1", "X", true),
            ("", "x", false),
            ("/x", "x", false),
            ("a/b/c", "x", false),
            ("UPPER.io/x", "x", false),
            ("-a", "x", false),
            ("a", "-x", false),
            ("a", "x y", false),
        ] {
            let labels = BTreeMap::from([(key.to_owned(), value.to_owned())]);
            assert_eq!(Labels::parse(labels).is_ok(), good, "{key}={value}");
        }
    }
}
