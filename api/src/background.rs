//! The background tasks of the server.

use crate::config::Config;
use crate::telemetry::{self, Recorder};
use crate::{demo, health};
use service::change::Retention;
use service::{Context, Dialect};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// The interval at which expired idempotency keys are removed, and the maximum duration of one removal.
const KEYS_INTERVAL: Duration = Duration::from_secs(300);
/// The interval at which old changes are removed.
const CHANGES_INTERVAL: Duration = Duration::from_secs(60);
/// The interval of the upkeep of metrics.
const METRICS_INTERVAL: Duration = Duration::from_secs(5);

/// Starts the background tasks. They end when the returned set is dropped.
pub(crate) fn start(context: Context, config: &Config, recorder: Recorder) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let retention = config.changes.retention(context.db.dialect());
    tasks.spawn(telemetry::watch_reconciliation(context.clone(), config.metrics.clone()));
    tasks.spawn(service::change::run_tail(context.clone()));
    if context.db.dialect() == Dialect::Postgres {
        tasks.spawn(health::log_outages(context.db.clone()));
    }
    if config.demo {
        tasks.spawn(demo::run(context.clone()));
    }
    tasks.spawn(every(METRICS_INTERVAL, move || {
        recorder.tidy();
        std::future::ready(())
    }));
    let own = context.clone();
    tasks.spawn(every(CHANGES_INTERVAL, move || remove_old_changes(own.clone(), retention)));
    tasks.spawn(every(KEYS_INTERVAL, move || remove_expired_keys(context.clone())));
    tasks
}

/// Runs `work` immediately, then once per interval.
async fn every<F: Future<Output = ()>>(time: Duration, work: impl Fn() -> F) {
    let mut ticks = interval(time);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        work().await;
    }
}

async fn remove_old_changes(context: Context, retention: Retention) {
    if let Err(error) = service::change::remove_old(&context, retention).await {
        tracing::warn!(%error, "cannot remove old changes; retrying");
    }
}

async fn remove_expired_keys(context: Context) {
    match timeout(KEYS_INTERVAL, service::idempotency::remove_expired(&context)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "cannot remove expired idempotency keys; retrying"),
        Err(_) => {
            tracing::warn!("cannot remove expired idempotency keys: the database does not answer; retrying")
        }
    }
}
