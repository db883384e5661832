//! What is measured from time to time rather than when it happens.

use crate::config::Metrics;
use chrono::TimeDelta;
use service::{Context, metrics};
use std::time::{Duration, Instant};

/// How often the wait for a connection is measured.
const POOL_WAIT: Duration = Duration::from_secs(5);
/// How long one counting may take.
const COUNTING: Duration = Duration::from_secs(120);
/// Counting takes at most one part in so many of the time, however many resources there are to count.
const SHARE: u32 = 20;

/// Brings up to date what is cheap enough to be measured for every scrape.
pub(crate) fn scraped(context: &Context) {
    metrics::sample_connections(&context.db);
    metrics_process::Collector::default().collect();
}

/// Measures the wait for a database connection again and again.
pub(crate) async fn watch_pool(context: Context) {
    let mut every = tokio::time::interval(POOL_WAIT);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        metrics::sample_pool_wait(&context.db).await;
    }
}

/// Counts the resources that wait for reconciliation again and again.
pub(crate) async fn watch_fleet(context: Context, settings: Metrics) {
    let threshold = TimeDelta::from_std(settings.reconciliation_stuck_threshold).unwrap_or(TimeDelta::MAX);
    loop {
        let started = Instant::now();
        match tokio::time::timeout(COUNTING, metrics::unreconciled(&context, threshold)).await {
            Ok(Ok(counts)) => counts.iter().for_each(metrics::publish),
            Ok(Err(error)) => tracing::warn!(%error, "resources that wait are not counted for now"),
            Err(_) => tracing::warn!("resources that wait are not counted for now: it takes too long"),
        }
        tokio::time::sleep(settings.refresh_interval.max(started.elapsed() * (SHARE - 1))).await;
    }
}
