//! What is measured from time to time rather than when it happens.

use crate::config::settings::Metrics;
use chrono::TimeDelta;
use service::context::Context;
use service::{metrics, reconciliation};
use std::time::{Duration, Instant};

/// How long one count of the resources that wait for reconciliation may take.
const LIMIT: Duration = Duration::from_secs(120);
/// Counting takes at most one part in so many of the time, however many resources there are to count.
const SHARE: u32 = 20;

/// Brings up to date what is cheap enough to be measured for every scrape.
pub(crate) fn scraped(context: &Context) {
    metrics::sample_connections(&context.db);
    metrics_process::Collector::default().collect();
}

/// Publishes again and again how many resources wait for reconciliation.
pub(crate) async fn watch_reconciliation(context: Context, settings: Metrics) {
    let threshold = TimeDelta::from_std(settings.reconciliation_stuck_threshold).unwrap_or(TimeDelta::MAX);
    loop {
        let started = Instant::now();
        match tokio::time::timeout(LIMIT, reconciliation::sample(&context, threshold)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "unreconciled resources are not counted for now"),
            Err(_) => tracing::warn!("unreconciled resources are not counted for now: it takes too long"),
        }
        tokio::time::sleep(settings.refresh_interval.max(started.elapsed() * (SHARE - 1))).await;
    }
}
