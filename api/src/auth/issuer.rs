//! A trusted issuer: its keys and its rules.

use std::sync::Arc;
use std::time::SystemTime;

use super::file::FileKeys;
use super::key::{KeySet, Verification, verify};
use super::remote::RemoteKeys;
use super::token::Token;
use super::{AuthError, Caller};
use crate::config::error::ConfigError;
use crate::config::issuer::IssuerConfig;

/// An issuer whose tokens are accepted.
#[derive(Debug)]
pub(super) struct Issuer {
    config: IssuerConfig,
    file: Option<FileKeys>,
    remote: Option<Arc<RemoteKeys>>,
}

impl Issuer {
    /// Checks the configuration of an issuer and reads its files. Does not access the network.
    pub(super) fn new(config: IssuerConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let remote = match config.key_url()? {
            Some(url) => {
                let authorities = config.jwk_cert_ca_file.as_deref();
                Some(Arc::new(RemoteKeys::new(config.issuer_url.clone(), url, authorities)?))
            }
            None => None,
        };
        let file = config.jwk_cert_file.clone().map(FileKeys::open).transpose();
        let file = file.map_err(|problem| ConfigError::new("jwk_cert_file", problem))?;
        Ok(Self { config, file, remote })
    }

    /// Fetches the keys for the first time and refreshes them from then on.
    pub(super) async fn start(&self) {
        if let Some(remote) = &self.remote {
            remote.start().await;
        }
    }

    /// Whether the claim `iss` names this issuer. The comparison is exact.
    pub(super) fn is(&self, claimed: &str) -> bool {
        self.config.issuer_url == claimed
    }

    /// Returns the caller if this issuer signed the token and its claims are valid at `now`.
    pub(super) async fn identify(&self, token: Token<'_>, now: SystemTime) -> Result<Caller, AuthError> {
        let mut verification = self.verify(&token);
        // Keys are fetched on demand only rarely, so a token that would be refused anyway must not cause a fetch: an
        // expired token that was signed with an expired key would delay the fetch of the next key.
        let holds_else = || token.claims.caller(&self.config, now).is_ok();
        if let (Verification::UnknownKey, Some(remote)) = (verification, &self.remote)
            && holds_else()
        {
            if !remote.refetch(now).await {
                return Err(AuthError::KeysUnavailable);
            }
            verification = self.verify(&token);
        }
        match verification {
            Verification::Genuine => token.claims.caller(&self.config, now),
            // The same error for both, because callers must not learn which keys are known.
            Verification::Forged | Verification::UnknownKey => {
                Err(AuthError::Invalid("the signature of the token cannot be verified"))
            }
        }
    }

    fn verify(&self, token: &Token<'_>) -> Verification {
        let sets: [Option<Arc<KeySet>>; 2] =
            [self.file.as_ref().map(FileKeys::current), self.remote.as_ref().map(|remote| remote.current())];
        verify(token, sets.iter().flatten().flat_map(|keys| keys.iter()))
    }
}
