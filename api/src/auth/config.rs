//! What an operator says about an issuer, and which of it is refused.

use std::net::IpAddr;
use std::path::PathBuf;

use reqwest::Url;
use serde::Deserialize;

/// One trusted issuer of tokens: an entry of `server.jwt.issuers`.
///
/// At least one of `jwk_cert_url` and `jwk_cert_file` is needed. With both, the keys of both are accepted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// The exact value of the `iss` claim, to the last slash.
    pub issuer_url: String,
    /// Where the issuer publishes its JSON Web Key Set: `https`, or `http` to a loopback address.
    pub jwk_cert_url: Option<String>,
    /// A JSON Web Key Set on disk, read again whenever the file changes.
    pub jwk_cert_file: Option<PathBuf>,
    /// The certificate authorities (PEM) that may vouch for the host of `jwk_cert_url`, in place of the
    /// system's.
    pub jwk_cert_ca_file: Option<PathBuf>,
    /// What the `aud` claim must name. Without it the audience is not checked.
    pub audience: Option<String>,
    /// The claim that names the caller. A token without this claim is named by its `sub`.
    #[serde(default = "default_identity_claim")]
    pub identity_claim: String,
}

fn default_identity_claim() -> String {
    "email".to_owned()
}

impl IssuerConfig {
    /// Checks what can be checked without opening anything.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.issuer_url.is_empty() {
            return Err(ConfigError::new("issuer_url", "must be the value of the `iss` claim, not empty"));
        }
        if self.identity_claim.is_empty() {
            return Err(ConfigError::new("identity_claim", "must name a claim, such as `email` or `sub`"));
        }
        if self.audience.as_ref().is_some_and(String::is_empty) {
            return Err(ConfigError::new(
                "audience",
                "must not be empty; leave it out to accept any audience",
            ));
        }
        if self.jwk_cert_url.is_none() && self.jwk_cert_file.is_none() {
            return Err(ConfigError::new("jwk_cert_url", "either this or jwk_cert_file is required"));
        }
        if self.jwk_cert_ca_file.is_some() && self.jwk_cert_url.is_none() {
            return Err(ConfigError::new("jwk_cert_ca_file", "is of use only together with jwk_cert_url"));
        }
        Ok(())
    }

    /// The URL of the keys, if there is one: nobody between the issuer and us may be able to change them.
    pub(super) fn key_url(&self) -> Result<Option<Url>, ConfigError> {
        let Some(text) = &self.jwk_cert_url else {
            return Ok(None);
        };
        let allowed = "must be an https URL without user and password; http is allowed to a loopback address";
        let refused = || ConfigError::new("jwk_cert_url", allowed);
        let url = Url::parse(text).map_err(|_| refused())?;
        let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        let open = url.username().is_empty() && url.password().is_none();
        if safe && open { Ok(Some(url)) } else { Err(refused()) }
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// A setting that cannot be used: its key, and what is wrong or allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct ConfigError {
    key: String,
    problem: String,
}

impl ConfigError {
    /// An error in the setting `key`.
    pub(super) fn new(key: &str, problem: impl ToString) -> Self {
        Self { key: key.to_owned(), problem: problem.to_string() }
    }

    /// The same error, its key completed by that of the section it stands in.
    pub(super) fn within(self, section: &str) -> Self {
        Self { key: format!("{section}.{}", self.key), ..self }
    }

    /// The full key of the setting, such as `server.jwt.issuers[0].jwk_cert_url`.
    pub fn key(&self) -> &str {
        &self.key
    }
}
