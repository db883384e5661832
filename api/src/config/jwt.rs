//! The settings of bearer tokens: the issuers, and whether callers must present a token.

use clap::Args;

use super::error::ConfigError;
use super::issuer::{IssuerConfig, issuers};
use super::layers::Layers;
use super::parse::is_loopback;

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
    pub issuers: std::vec::Vec<IssuerConfig>,
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

    /// Adds the single issuer to the list and checks all issuers, for an API that listens on `host`.
    pub(super) fn resolve(&mut self, layers: &mut Layers<'_>, host: &str) -> Result<(), ConfigError> {
        for (index, issuer) in self.issuers.iter().enumerate() {
            let section = format!("{ISSUERS}[{index}]");
            issuer.check().map_err(|error| error.within(&section))?;
        }
        if self.single.is_set() {
            self.single.check().map_err(|error| error.within(SECTION))?;
            self.issuers.push(self.single.clone());
        }
        for (index, issuer) in self.issuers.iter().enumerate() {
            if self.issuers[..index].iter().any(|earlier| earlier.issuer_url == issuer.issuer_url) {
                return Err(ConfigError::new(ISSUERS, format!("{} is configured twice", issuer.issuer_url)));
            }
        }
        if self.no_auth {
            self.enabled = Some(false);
            layers.set_by_flag(ENABLED, "false", "--no-auth");
        }
        self.check_enabled(layers, host)
    }

    fn check_enabled(&self, layers: &mut Layers<'_>, host: &str) -> Result<(), ConfigError> {
        match self.enabled {
            Some(true) if self.issuers.is_empty() => Err(layers.refuse(
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
            None if !self.issuers.is_empty() => {
                let warning =
                    format!("issuers are configured but tokens are not checked; set {ENABLED} to check them");
                layers.warnings.push(warning);
                Ok(())
            }
            Some(true) => {
                let without = self.issuers.iter().filter(|issuer| issuer.audience.is_none());
                layers.warnings.extend(without.map(|issuer| {
                    format!(
                        "issuer {} has no audience: tokens that it makes for other services are accepted too",
                        issuer.issuer_url
                    )
                }));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
