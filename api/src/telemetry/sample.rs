//! What is measured from time to time rather than when it happens.

use crate::config::Metrics;
use chrono::TimeDelta;
use service::Context;
use service::metrics::{self, Counting};
use std::time::Instant;

/// Brings up to date what is cheap enough to be measured for every scrape.
pub(crate) fn scraped(context: &Context) {
    metrics::sample_connections(&context.db);
    metrics_process::Collector::default().collect();
}

/// Publishes again and again how many resources wait for reconciliation.
pub(crate) async fn watch_fleet(context: Context, settings: Metrics) {
    let threshold = TimeDelta::from_std(settings.reconciliation_stuck_threshold).unwrap_or(TimeDelta::MAX);
    let counting = Counting { threshold, interval: settings.refresh_interval };
    loop {
        let started = Instant::now();
        match tokio::time::timeout(Counting::LIMIT, metrics::unreconciled(&context, counting)).await {
            Ok(Ok(counts)) => {
                let now = context.clock.now();
                counts.iter().for_each(|count| metrics::publish(count, now));
            }
            Ok(Err(error)) => tracing::warn!(%error, "resources that wait are not counted for now"),
            Err(_) => tracing::warn!("resources that wait are not counted for now: it takes too long"),
        }
        tokio::time::sleep(counting.pause(started.elapsed())).await;
    }
}
