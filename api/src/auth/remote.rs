//! Keys from a URL: fetched at startup, refreshed hourly, and fetched again when a token names an unknown key.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use metrics::{Counter, counter};
use reqwest::{Certificate, Client, StatusCode, Url, redirect};
use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};

use super::key::KeySet;
use crate::causes::with_causes;
use crate::config::error::ConfigError;

/// The maximum duration of a fetch, and the maximum time that a request waits for one.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The minimum interval between fetches caused by unknown keys: anyone can invent tokens.
const MIN_DEMAND_INTERVAL: Duration = Duration::from_secs(30);
/// The interval at which keys are refreshed. A key that the issuer withdraws is refused from the next refresh on.
const REFRESH_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// The delay before a retry after a failed refresh.
const RETRY_INTERVAL: Duration = Duration::from_secs(30);

/// The values of the label `result` for a successful and a failed fetch.
const RESULTS: [&str; 2] = ["success", "error"];

/// The counter of fetches of an issuer's keys.
fn fetches(issuer: &str, result: &'static str) -> Counter {
    counter!("hyperfleet_api_issuer_key_fetches_total", "issuer" => issuer.to_owned(), "result" => result)
}

/// The key set of an issuer, as last fetched. The keys stay in use while the issuer is unreachable.
#[derive(Debug)]
pub(super) struct RemoteKeys {
    issuer: String,
    url: Url,
    client: Client,
    keys: watch::Sender<Arc<KeySet>>,
    /// Locked during a fetch, so that at most one fetch runs at a time.
    history: Mutex<History>,
}

#[derive(Debug, Default)]
struct History {
    /// Whether the latest fetch succeeded.
    reachable: bool,
    /// When an unknown key last caused a fetch.
    demanded: Option<SystemTime>,
}

impl RemoteKeys {
    /// Prepares fetches of `url`, without sending a request.
    pub(super) fn new(issuer: String, url: Url, authorities: Option<&Path>) -> Result<Self, ConfigError> {
        let client = client(&url, authorities)?;
        for result in RESULTS {
            fetches(&issuer, result).increment(0);
        }
        Ok(Self { issuer, url, client, keys: watch::Sender::default(), history: Mutex::default() })
    }

    /// Fetches the keys, then refreshes them in the background until this value is dropped.
    pub(super) async fn start(self: &Arc<Self>) {
        let mut reachable = self.refresh().await;
        let remote = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                sleep(if reachable { REFRESH_INTERVAL } else { RETRY_INTERVAL }).await;
                let Some(remote) = remote.upgrade() else { return };
                reachable = remote.refresh().await;
            }
        });
    }

    /// Returns the keys as last fetched; none before the first success.
    pub(super) fn current(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.borrow())
    }

    /// Fetches newer keys because a token names an unknown one, unless such a fetch happened within `MIN_DEMAND_INTERVAL`.
    ///
    /// Returns true if the current keys are the issuer's, as of now or less than half a minute ago. Returns false if
    /// the issuer does not answer, so that a key may be one of its keys without being known here. Requests that arrive
    /// during a fetch wait for it.
    pub(super) async fn refetch(self: &Arc<Self>, now: SystemTime) -> bool {
        let remote = Arc::clone(self);
        // A separate task: if this caller disconnects, the other waiting requests still get their keys.
        let looking = tokio::spawn(async move { remote.fetch_on_demand(now).await });
        matches!(timeout(FETCH_TIMEOUT, looking).await, Ok(Ok(true)))
    }

    async fn fetch_on_demand(&self, now: SystemTime) -> bool {
        let mut history = self.history.lock().await;
        // If the clock was set back, the time since the last fetch is unknown.
        let rested = |last| now.duration_since(last).map_or(true, |pause| pause >= MIN_DEMAND_INTERVAL);
        if history.demanded.is_none_or(rested) {
            history.demanded = Some(now);
            history.reachable = self.fetch().await;
        }
        history.reachable
    }

    async fn refresh(&self) -> bool {
        let mut history = self.history.lock().await;
        history.reachable = self.fetch().await;
        history.reachable
    }

    /// Replaces the keys by the issuer's current ones, or keeps them if the fetch fails.
    async fn fetch(&self) -> bool {
        let outcome = timeout(FETCH_TIMEOUT, self.download()).await;
        let outcome = outcome.unwrap_or_else(|_| Err("no complete answer within 5 s".to_owned()));
        fetches(&self.issuer, RESULTS[usize::from(outcome.is_err())]).increment(1);
        match outcome {
            Ok(keys) => {
                self.keys.send_replace(Arc::new(keys));
                true
            }
            Err(problem) => {
                tracing::warn!(issuer = self.issuer, problem, "the issuer's keys cannot be fetched");
                false
            }
        }
    }

    async fn download(&self) -> Result<KeySet, String> {
        let describe = |error: reqwest::Error| with_causes(&error.without_url());
        let mut response = self.client.get(self.url.clone()).send().await.map_err(describe)?;
        if response.status() != StatusCode::OK {
            return Err(format!("the answer has status {}", response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(describe)? {
            body.extend_from_slice(&chunk);
            // The parser refuses a body of this length, so the rest need not be read.
            if body.len() > KeySet::MAX_BYTES {
                break;
            }
        }
        KeySet::parse(&body).map_err(|problem| format!("the answer {problem}"))
    }
}

/// Creates an HTTP client that connects only to the configured address and follows no redirects.
fn client(url: &Url, authorities: Option<&Path>) -> Result<Client, ConfigError> {
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .user_agent(concat!("hyperfleet-api/", env!("CARGO_PKG_VERSION")));
    if url.scheme() == "http" {
        // The address is a loopback address: through a proxy, it would refer to another machine.
        builder = builder.no_proxy();
    }
    if let Some(path) = authorities {
        builder = builder.tls_certs_only(certificates(path)?);
    }
    builder.build().map_err(|error| ConfigError::new("jwk_cert_url", with_causes(&error)))
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, ConfigError> {
    let refused = |problem: String| ConfigError::new("jwk_cert_ca_file", problem);
    let pem =
        std::fs::read(path).map_err(|error| refused(format!("cannot read {}: {error}", path.display())))?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(refused(format!("{} must hold certificates in PEM form", path.display()))),
    }
}
