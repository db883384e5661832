//! One issuer of tokens.

use std::path::PathBuf;

use clap::Args;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::ConfigError;
use super::parse::{is_loopback, text};

/// One issuer of tokens. At least one of `jwk_cert_url` and `jwk_cert_file` is needed; the keys of both are accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Args)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// Issuer of tokens: the exact value of their iss claim.
    #[arg(id = "server.jwt.issuer_url", default_value = "", hide_default_value = true)]
    pub issuer_url: String,
    /// Where that issuer publishes its JSON Web Key Set: https, or http to a loopback address.
    #[arg(id = "server.jwt.jwk_cert_url", value_parser = text)]
    pub jwk_cert_url: Option<String>,
    /// JSON Web Key Set of that issuer, read again whenever the file changes.
    #[arg(id = "server.jwt.jwk_cert_file")]
    pub jwk_cert_file: Option<PathBuf>,
    /// Certificate authorities (PEM) that vouch for the JWKS URL, in place of the public ones.
    #[arg(id = "server.jwt.jwk_cert_ca_file")]
    pub jwk_cert_ca_file: Option<PathBuf>,
    /// What the aud claim must contain; none accepts any audience.
    #[arg(id = "server.jwt.audience", value_parser = text)]
    pub audience: Option<String>,
    /// Claim that names the caller; a token without it is named by its sub claim.
    #[arg(id = "server.jwt.identity_claim", default_value = "email", value_parser = text)]
    #[serde(default = "email")]
    pub identity_claim: String,
}

fn email() -> String {
    "email".to_owned()
}

impl IssuerConfig {
    /// Whether anything is set.
    pub(super) fn is_set(&self) -> bool {
        *self != Self { identity_claim: email(), ..Self::default() }
    }

    /// Checks what can be checked without opening anything.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let problem = if self.issuer_url.trim().is_empty() {
            ("issuer_url", "must be set: the value of the iss claim of the tokens")
        } else if self.identity_claim.is_empty() {
            ("identity_claim", "must name a claim, such as email or sub")
        } else if self.audience.as_ref().is_some_and(String::is_empty) {
            ("audience", "must not be empty; leave it out to accept any audience")
        } else if self.jwk_cert_url.is_none() && self.jwk_cert_file.is_none() {
            ("jwk_cert_url", "must be set, or jwk_cert_file: tokens are checked with these keys")
        } else if self.jwk_cert_url.is_none() && self.jwk_cert_ca_file.is_some() {
            ("jwk_cert_ca_file", "has no use without jwk_cert_url")
        } else {
            return self.key_url().map(drop);
        };
        Err(ConfigError::new(problem.0, problem.1))
    }

    /// The URL of the keys, if there is one: nobody between the issuer and this program may be able to change them.
    pub(crate) fn key_url(&self) -> Result<Option<Url>, ConfigError> {
        let Some(text) = &self.jwk_cert_url else { return Ok(None) };
        let secure = |url: &Url| match url.scheme() {
            "https" => true,
            "http" => url.host_str().is_some_and(is_loopback),
            _ => false,
        };
        let url = Url::parse(text).ok().filter(secure);
        match url.filter(|url| url.username().is_empty() && url.password().is_none()) {
            Some(url) => Ok(Some(url)),
            None => Err(ConfigError::new(
                "jwk_cert_url",
                "expected an https URL without user and password; http is allowed to a loopback address",
            )),
        }
    }
}

/// The issuers in a JSON array.
pub(super) fn issuers(list: &str) -> Result<Vec<IssuerConfig>, String> {
    let entries: Vec<Map<String, Value>> =
        serde_json::from_str(list).map_err(|_| "expected a list of issuers, each with issuer_url")?;
    let issuer = |(index, entry): (usize, Map<String, Value>)| {
        if let Some((name, _)) = entry.iter().find(|(_, value)| !value.is_string() && !value.is_null()) {
            return Err(format!("[{index}].{name}: expected text (in YAML: put it in quotes)"));
        }
        serde_json::from_value(Value::Object(entry)).map_err(|error| format!("[{index}]: {error}"))
    };
    entries.into_iter().enumerate().map(issuer).collect()
}
