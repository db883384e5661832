//! The settings of bearer tokens: the issuers, and whether callers must present a token.

use std::collections::HashSet;

use clap::Args;

use super::error::ConfigError;
use super::issuer::{IssuerConfig, issuers};
use super::parse::{ListOf, is_loopback};
use super::sources::Sources;

const SECTION: &str = "server.jwt";
const ENABLED: &str = "server.jwt.enabled";
const ISSUERS: &str = "server.jwt.issuers";

/// The settings of authentication.
#[derive(Debug, Clone, Args)]
pub struct Jwt {
    /// Whether callers must present a token; defaults to false on a loopback host, and must be set on any other host.
    #[arg(id = "server.jwt.enabled")]
    pub enabled: Option<bool>,
    /// The issuers of tokens, as a list in the file or a JSON array of objects with the keys of a single issuer below.
    #[arg(id = "server.jwt.issuers", default_value = "[]", value_parser = issuers)]
    listed: ListOf<IssuerConfig>,
    /// Accept requests without a token; short for --server-jwt-enabled=false.
    #[arg(long, help_heading = "Server", conflicts_with = "server.jwt.enabled")]
    no_auth: bool,
    #[command(flatten)]
    single: IssuerConfig,
}

impl Jwt {
    /// Whether callers must present a token. If true, at least one issuer is configured.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled.unwrap_or(false)
    }

    /// Returns all issuers, each with the key of its settings, which errors name: those of the list, then the single
    /// one if it is set.
    #[must_use]
    pub fn issuers(&self) -> Vec<(String, IssuerConfig)> {
        let listed =
            self.listed.iter().enumerate().map(|(index, issuer)| (format!("{ISSUERS}[{index}]"), issuer));
        let single = self.single.is_set().then(|| (SECTION.to_owned(), &self.single));
        listed.chain(single).map(|(key, issuer)| (key, issuer.clone())).collect()
    }

    /// Checks all issuers, for an API that listens on `host`.
    pub(super) fn resolve(&mut self, sources: &mut Sources<'_>, host: &str) -> Result<(), ConfigError> {
        let issuers = self.issuers();
        for (key, issuer) in &issuers {
            issuer.check().map_err(|error| error.within(key))?;
        }
        let mut urls = HashSet::new();
        if let Some((_, twice)) = issuers.iter().find(|(_, issuer)| !urls.insert(&issuer.issuer_url)) {
            return Err(ConfigError::new(ISSUERS, format!("{} is configured twice", twice.issuer_url)));
        }
        if self.no_auth {
            self.enabled = Some(false);
            sources.set_by_flag(ENABLED, "false", "--no-auth");
        }
        self.check_enabled(sources, host, &issuers)
    }

    fn check_enabled(
        &self,
        sources: &mut Sources<'_>,
        host: &str,
        issuers: &[(String, IssuerConfig)],
    ) -> Result<(), ConfigError> {
        match self.enabled {
            Some(true) if issuers.is_empty() => Err(sources.refuse(
                ENABLED,
                "no issuer is configured: set server.jwt.issuer_url with server.jwt.jwk_cert_url or \
                 server.jwt.jwk_cert_file, or a list in server.jwt.issuers",
            )),
            None if !is_loopback(host) => Err(ConfigError::new(
                ENABLED,
                format!(
                    "must be set, since other machines can reach server.host {host}. To check tokens: \
                     --server-jwt-enabled (HYPERFLEET_SERVER_JWT_ENABLED=true) with at least one issuer. \
                     To let everyone in: --no-auth (HYPERFLEET_SERVER_JWT_ENABLED=false)"
                ),
            )),
            None if !issuers.is_empty() => {
                let warning =
                    format!("issuers are configured but tokens are not checked; set {ENABLED} to check them");
                sources.warnings.push(warning);
                Ok(())
            }
            Some(true) => {
                let without = issuers.iter().filter(|(_, issuer)| issuer.audience.is_none());
                sources.warnings.extend(without.map(|(_, issuer)| {
                    format!(
                        "issuer {} has no audience: tokens that it issues for other services are accepted too",
                        issuer.issuer_url
                    )
                }));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
