//! Metrics that are measured periodically or for each scrape.

use crate::config::settings::Metrics;
use chrono::TimeDelta;
use service::context::Context;
use service::{metrics, reconciliation};
use std::time::{Duration, Instant};

/// The maximum duration of one count of the unreconciled resources.
const TIMEOUT: Duration = Duration::from_secs(120);
/// The reciprocal of the share of time that counting may use, regardless of the number of resources.
const MAX_SHARE: u32 = 20;

/// Updates the metrics that are cheap enough to be measured for every scrape.
pub(crate) fn scraped(context: &Context) {
    metrics::sample_connections(&context.db);
    metrics_process::Collector::default().collect();
}

/// Publishes the number of unreconciled resources periodically.
pub(crate) async fn watch_reconciliation(context: Context, settings: Metrics) {
    let threshold = TimeDelta::from_std(settings.reconciliation_stuck_threshold).unwrap_or(TimeDelta::MAX);
    loop {
        let started = Instant::now();
        match tokio::time::timeout(TIMEOUT, reconciliation::sample(&context, threshold)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "cannot count unreconciled resources; retrying"),
            Err(_) => tracing::warn!("cannot count unreconciled resources: the timeout passed; retrying"),
        }
        tokio::time::sleep(settings.refresh_interval.max(started.elapsed() * (MAX_SHARE - 1))).await;
    }
}
