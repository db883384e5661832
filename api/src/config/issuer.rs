//! The settings of an issuer of tokens.

use std::path::PathBuf;

use clap::Args;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::ConfigError;
use super::parse::{is_loopback, text};

/// The settings of an issuer of tokens. At least one of `jwk_cert_url` and `jwk_cert_file` is required; the keys of
/// both are accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Args)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// The issuer of tokens: the exact value of their iss claim.
    #[arg(id = "server.jwt.issuer_url", default_value = "", hide_default_value = true)]
    pub issuer_url: String,
    /// The URL of the issuer's JSON Web Key Set: https, or http to a loopback address.
    #[arg(id = "server.jwt.jwk_cert_url", value_parser = text)]
    pub jwk_cert_url: Option<String>,
    /// The file with the issuer's JSON Web Key Set; read again whenever it changes.
    #[arg(id = "server.jwt.jwk_cert_file")]
    pub jwk_cert_file: Option<PathBuf>,
    /// The file with the certificate authorities (PEM) that the JWKS URL is verified against, in place of the public
    /// ones.
    #[arg(id = "server.jwt.jwk_cert_ca_file")]
    pub jwk_cert_ca_file: Option<PathBuf>,
    /// The audience that the aud claim must contain; if not set, any audience is accepted.
    #[arg(id = "server.jwt.audience", value_parser = text)]
    pub audience: Option<String>,
    /// The claim that names the caller; if a token does not have it, its sub claim is used.
    #[arg(id = "server.jwt.identity_claim", default_value = "email", value_parser = text)]
    #[serde(default = "email")]
    pub identity_claim: String,
}

fn email() -> String {
    "email".to_owned()
}

impl IssuerConfig {
    /// Whether any of the settings differs from its default.
    pub(super) fn is_set(&self) -> bool {
        *self != Self { identity_claim: email(), ..Self::default() }
    }

    /// Checks the settings without opening files or connections.
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
            ("jwk_cert_ca_file", "has no effect without jwk_cert_url")
        } else {
            return self.key_url().map(drop);
        };
        Err(ConfigError::new(problem.0, problem.1))
    }

    /// Returns the URL of the key set, if there is one. Only URLs that cannot be intercepted are allowed: https, or
    /// http to a loopback address.
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

/// Parses a JSON array of issuers.
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
