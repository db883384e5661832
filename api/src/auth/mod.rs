//! Who is calling: bearer tokens, checked against the keys of the issuers that are trusted.
//!
//! One request takes one road, and each file is one stretch of it:
//!
//! 1. `token`: the `Authorization` header becomes a `Token`. Nothing in it is believed yet.
//! 2. `issuer`: its `iss` names one of the configured issuers, exactly, or the token is refused.
//! 3. `key`: a key of that issuer, and of no other, must have made the signature. `file` and `remote` are the
//!    two places such keys come from.
//! 4. `claims`: only then are the times, the audience and the caller's name looked at.
//!
//! What a token says about keys (`jwk`, `jku`, `x5c`, `x5u`) is never used, and the algorithm it asks for
//! must be one that the key was made for.

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

/// Turns the `Authorization` header of a request into its caller.
pub struct Authenticator {
    issuers: Vec<Issuer>,
    clock: Clock,
}

impl Authenticator {
    /// Prepares the issuers and fetches their keys once, all at the same time.
    ///
    /// Waits for no fetch longer than five seconds. An issuer that cannot be reached is logged and tried
    /// again later: until then its callers get [`AuthError::KeysUnavailable`]. Must be called within a
    /// Tokio runtime, which then refreshes the keys hourly for as long as the authenticator lives.
    ///
    /// # Errors
    ///
    /// What only the operator can put right: an issuer without keys, a forbidden URL, a file that is missing or
    /// invalid.
    pub async fn new(configs: Vec<IssuerConfig>, clock: Clock) -> Result<Self, ConfigError> {
        let mut issuers = Vec::with_capacity(configs.len());
        for (position, config) in configs.into_iter().enumerate() {
            let key = format!("server.jwt.issuers[{position}]");
            issuers.push(Issuer::new(config).map_err(|error| error.within(&key))?);
        }
        join_all(issuers.iter().map(Issuer::start)).await;
        Ok(Self { issuers, clock })
    }

    /// The caller whom the value of an `Authorization` header proves.
    ///
    /// Answers at once as long as the token's key is known; an unknown one may first be looked for at the
    /// issuer, which takes five seconds at most.
    ///
    /// # Errors
    ///
    /// Every refusal; see [`AuthError`] for what each asks of the caller.
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

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name under which its changes are recorded: not empty, at most 256 bytes, no control characters.
    pub name: String,
    /// When its token expires; `None` where no token is asked for.
    pub expires: Option<SystemTime>,
}

impl Caller {
    /// The longest name, in bytes.
    const MAX_NAME: usize = 256;

    /// The caller with this name, without the white space round it; `None` if it breaks the rules.
    fn named(name: &str, expires: SystemTime) -> Option<Self> {
        let name = name.trim();
        let sane = !name.is_empty() && name.len() <= Self::MAX_NAME && !name.contains(char::is_control);
        sane.then(|| Self { name: name.to_owned(), expires: Some(expires) })
    }
}

/// Why a caller is not let in.
///
/// The texts are constant: they quote neither the token nor the configuration, so they may be shown to
/// anyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// No credentials were sent. The caller should send some (401).
    Missing,
    /// The credentials prove nothing, and sending them again will not help (401).
    Invalid(&'static str),
    /// The token was genuine but its time is over. The caller should get a new one (401).
    Expired,
    /// The issuer is out of reach and no key that is known could have signed the token. Nothing is wrong
    /// with the request as far as can be told: the caller should try again (503).
    KeysUnavailable,
}
