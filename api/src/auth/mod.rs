//! Authentication of callers: bearer tokens, verified with the keys of trusted issuers.
//!
//! A request is authenticated in four steps, each in its own file:
//!
//! 1. `token` parses the `Authorization` header into a `Token`. Nothing in it is trusted yet.
//! 2. `issuer` is the configured issuer that exactly matches `iss`. Without one, the token is refused.
//! 3. `key` verifies the signature with the keys of that issuer only. `file` and `remote` are the two sources of keys.
//! 4. `claims` then checks the times, the audience and the name of the caller.
//!
//! Keys in a token (`jwk`, `jku`, `x5c`, `x5u`) are never used, and the algorithm that it names must be one that the
//! key is intended for.

mod claims;
mod file;
mod issuer;
mod key;
mod remote;
mod token;

use std::time::SystemTime;

use futures_util::future::join_all;
use service::Clock;

use crate::config::error::ConfigError;
use crate::config::issuer::IssuerConfig;

use issuer::Issuer;
use token::Token;

/// Authenticates the caller of a request by its `Authorization` header.
pub struct Authenticator {
    issuers: Vec<Issuer>,
    clock: Clock,
}

impl Authenticator {
    /// Prepares the issuers, each given with the key of its settings, and fetches their keys once, all at the same
    /// time.
    ///
    /// Waits at most five seconds for a fetch. An issuer that cannot be reached is logged and retried later: until then
    /// its callers get [`AuthError::KeysUnavailable`]. Must be called within a Tokio runtime, which then refreshes the
    /// keys hourly for the lifetime of the authenticator.
    ///
    /// # Errors
    ///
    /// A configuration that only the operator can correct: an issuer without keys, a forbidden URL, or a file that is
    /// missing or invalid.
    pub async fn new(configs: Vec<(String, IssuerConfig)>, clock: Clock) -> Result<Self, ConfigError> {
        let mut issuers = Vec::with_capacity(configs.len());
        for (key, config) in configs {
            issuers.push(Issuer::new(config).map_err(|error| error.within(&key))?);
        }
        join_all(issuers.iter().map(Issuer::start)).await;
        Ok(Self { issuers, clock })
    }

    /// Returns the caller that the value of an `Authorization` header authenticates.
    ///
    /// Returns immediately if the key of the token is known. An unknown key may first be fetched from the issuer, which
    /// takes at most five seconds.
    ///
    /// # Errors
    ///
    /// The reason why the caller is refused; see [`AuthError`] for what the caller should do.
    pub async fn authenticate(&self, authorization: Option<&str>) -> Result<Caller, AuthError> {
        let token = Token::parse(token::bearer(authorization)?)?;
        let issuer = self
            .issuers
            .iter()
            .find(|issuer| issuer.is(&token.issuer))
            .ok_or(AuthError::Invalid("the issuer of the token is not accepted"))?;
        issuer.identify(token, self.clock.now().into()).await
    }
}

/// The caller of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name under which the caller's changes are recorded: not empty, at most 256 bytes, no control characters.
    pub name: String,
    /// The expiry of the caller's token; `None` if no token is required.
    pub expires: Option<SystemTime>,
}

impl Caller {
    /// The maximum length of a name, in bytes.
    const MAX_NAME: usize = 256;

    /// Returns the caller with this name, without surrounding whitespace, or `None` if the name is invalid.
    fn named(name: &str, expires: SystemTime) -> Option<Self> {
        let name = name.trim();
        let sane = !name.is_empty() && name.len() <= Self::MAX_NAME && !name.contains(char::is_control);
        sane.then(|| Self { name: name.to_owned(), expires: Some(expires) })
    }
}

/// Why a caller is refused.
///
/// The messages are constant: they contain neither the token nor the configuration, so they may be shown to any caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// No credentials were sent. The caller should send credentials (401).
    Missing,
    /// The credentials are invalid, and sending them again will not help (401).
    Invalid(&'static str),
    /// The token is genuine but has expired. The caller should get a new one (401).
    Expired,
    /// The issuer is unreachable, and no known key could have signed the token. The request itself may be valid: the
    /// caller should try again (503).
    KeysUnavailable,
}
