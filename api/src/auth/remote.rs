//! Keys behind a URL: fetched at start, refreshed hourly, and looked for again when a token names an
//! unknown one.

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

/// The longest a fetch may take, and the longest a request waits for one.
const FETCH_LIMIT: Duration = Duration::from_secs(5);
/// Unknown keys cause no more than one fetch in this time: anybody can make up tokens.
const DEMAND_PAUSE: Duration = Duration::from_secs(30);
/// How old keys may become: a key that the issuer withdraws is refused from then on.
const REFRESH_AFTER: Duration = Duration::from_secs(60 * 60);
/// How soon a failed refresh is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// The values of the label `result` of fetches: success, failure.
const RESULTS: [&str; 2] = ["success", "error"];

/// Counts fetches of an issuer's keys.
fn fetches(issuer: &str, result: &'static str) -> Counter {
    counter!("hyperfleet_api_issuer_key_fetches_total", "issuer" => issuer.to_owned(), "result" => result)
}

/// The key set an issuer publishes, as last fetched. Keys stay in use while the issuer is away.
#[derive(Debug)]
pub(super) struct RemoteKeys {
    issuer: String,
    url: Url,
    client: Client,
    keys: watch::Sender<Arc<KeySet>>,
    /// Held while fetching, so that there is never more than one fetch at a time.
    history: Mutex<History>,
}

#[derive(Debug, Default)]
struct History {
    /// Whether the latest fetch was a success.
    reachable: bool,
    /// When an unknown key last caused a fetch.
    demanded: Option<SystemTime>,
}

impl RemoteKeys {
    /// Prepares the fetching of `url`, without doing it yet.
    pub(super) fn new(issuer: String, url: Url, authorities: Option<&Path>) -> Result<Self, ConfigError> {
        let client = client(&url, authorities)?;
        for result in RESULTS {
            fetches(&issuer, result).increment(0);
        }
        Ok(Self { issuer, url, client, keys: watch::Sender::default(), history: Mutex::default() })
    }

    /// Fetches the keys, and from then on refreshes them until nobody holds them any more.
    pub(super) async fn start(self: &Arc<Self>) {
        let mut reachable = self.refresh().await;
        let remote = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                sleep(if reachable { REFRESH_AFTER } else { RETRY_AFTER }).await;
                let Some(remote) = remote.upgrade() else { return };
                reachable = remote.refresh().await;
            }
        });
    }

    /// The keys as last fetched; none before the first success.
    pub(super) fn current(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.borrow())
    }

    /// Looks for newer keys because a token names one that is not known, unless that was done a moment ago.
    ///
    /// If true, the current keys are what the issuer has, or had less than half a minute ago; else it gives no
    /// answer, so it cannot be told whether a key is one of its keys. Requests that come while a fetch is under
    /// way wait for that one.
    pub(super) async fn look_again(self: &Arc<Self>, now: SystemTime) -> bool {
        let remote = Arc::clone(self);
        // A task of its own: if this caller goes away, the others that wait still get their keys.
        let looking = tokio::spawn(async move { remote.fetch_on_demand(now).await });
        matches!(timeout(FETCH_LIMIT, looking).await, Ok(Ok(true)))
    }

    async fn fetch_on_demand(&self, now: SystemTime) -> bool {
        let mut history = self.history.lock().await;
        // A clock that was set back says nothing about how long ago it was.
        let rested = |last| now.duration_since(last).map_or(true, |pause| pause >= DEMAND_PAUSE);
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

    /// Replaces the keys by what the issuer has now; leaves them as they are if that fails.
    async fn fetch(&self) -> bool {
        let outcome = timeout(FETCH_LIMIT, self.download()).await;
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
            // What is too long is refused by its length: no need to read the rest of it.
            if body.len() > KeySet::MAX_BYTES {
                break;
            }
        }
        KeySet::parse(&body).map_err(|problem| format!("the answer {problem}"))
    }
}

/// An HTTP client that goes where the configuration says and nowhere else.
fn client(url: &Url, authorities: Option<&Path>) -> Result<Client, ConfigError> {
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .user_agent(concat!("hyperfleet-api/", env!("CARGO_PKG_VERSION")));
    if url.scheme() == "http" {
        // Loopback: through a proxy, "this machine" would be another one.
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
