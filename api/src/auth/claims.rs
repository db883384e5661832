//! The claims of a token, and the checks that apply to them after its signature has been verified.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::{AuthError, Caller};
use crate::config::issuer::IssuerConfig;

/// The tolerated difference between the clocks of an issuer and of this server.
const LEEWAY: Duration = Duration::from_secs(30);

/// The expiry, in time since 1970, of a token whose `exp` cannot be represented: about 3,000 years.
const MAX_EXPIRY: Duration = Duration::from_secs(100_000_000_000);

/// The claims of a token, as they were sent.
#[derive(Debug)]
pub(super) struct Claims(pub(super) Map<String, Value>);

impl Claims {
    /// Returns the claim `name` if it is a string.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// Returns a time claim, in seconds since 1970, or `None` if there is no such claim.
    fn time(&self, name: &str) -> Result<Option<f64>, AuthError> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let seconds = value.as_f64().ok_or(AuthError::Invalid("a time in the token is not a number"))?;
        Ok(Some(seconds))
    }

    /// Whether the token is intended for `audience`. `aud` is a string or a list of strings.
    fn is_for(&self, audience: &str) -> bool {
        match self.0.get("aud") {
            Some(Value::String(only)) => only == audience,
            Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(audience)),
            _ => false,
        }
    }

    /// Returns the caller that the claims name, by the rules of `issuer`. The signature of the token has been verified.
    pub(super) fn caller(&self, issuer: &IssuerConfig, now: SystemTime) -> Result<Caller, AuthError> {
        let expires = self.check_times(now)?;
        if let Some(audience) = &issuer.audience
            && !self.is_for(audience)
        {
            return Err(AuthError::Invalid("the token is meant for another audience"));
        }
        // An issuer may represent an absent name as null or as an empty string.
        let name_in = |claim: &str| self.text(claim).filter(|name| !name.trim().is_empty());
        let name = name_in(&issuer.identity_claim).or_else(|| name_in("sub"));
        let name = name.ok_or(AuthError::Invalid("the token does not name the caller"))?;
        Caller::named(name, expires)
            .ok_or(AuthError::Invalid("the name of the caller in the token is not acceptable"))
    }

    /// Returns the expiry of the token, if the token is valid at `now`. `exp` is required: without it, a stolen token
    /// would stay valid forever.
    fn check_times(&self, now: SystemTime) -> Result<SystemTime, AuthError> {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let expires = self.time("exp")?.ok_or(AuthError::Invalid("the token has no expiry time"))?;
        if expires <= now.saturating_sub(LEEWAY).as_secs_f64() {
            return Err(AuthError::Expired);
        }
        match self.time("nbf")? {
            Some(starts) if starts > (now + LEEWAY).as_secs_f64() => {
                Err(AuthError::Invalid("the token is not valid yet"))
            }
            _ => Ok(UNIX_EPOCH + Duration::try_from_secs_f64(expires).unwrap_or(MAX_EXPIRY).min(MAX_EXPIRY)),
        }
    }
}
