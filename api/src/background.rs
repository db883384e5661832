//! What runs beside the requests.

use crate::config::Config;
use crate::telemetry::{self, Recorder};
use crate::{demo, health};
use service::change::Retention;
use service::{Context, Dialect};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often idempotency keys that are past their time are removed.
const KEYS: Duration = Duration::from_secs(300);
/// How often old changes are removed.
const CHANGES: Duration = Duration::from_secs(60);
/// How often the metrics are tidied.
const METRICS: Duration = Duration::from_secs(5);

/// Starts all of it; it ends when the set is dropped.
pub(crate) fn start(context: Context, config: &Config, recorder: Recorder) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let retention = config.changes.retention(context.db.dialect());
    tasks.spawn(telemetry::watch_reconciliation(context.clone(), config.metrics.clone()));
    tasks.spawn(service::change::publish(context.clone()));
    if context.db.dialect() == Dialect::Postgres {
        tasks.spawn(health::log_outages(context.db.clone()));
    }
    if config.demo {
        tasks.spawn(demo::run(context.clone()));
    }
    tasks.spawn(every(METRICS, move || {
        recorder.tidy();
        std::future::ready(())
    }));
    let own = context.clone();
    tasks.spawn(every(CHANGES, move || remove_old_changes(own.clone(), retention)));
    tasks.spawn(every(KEYS, move || remove_expired_keys(context.clone())));
    tasks
}

/// Does `work` at once and again and again.
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
        tracing::warn!(%error, "old changes stay for now");
    }
}

async fn remove_expired_keys(context: Context) {
    match timeout(KEYS, service::idempotency::remove_expired(&context)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "expired idempotency keys stay for now"),
        Err(_) => tracing::warn!("expired idempotency keys stay for now: the database does not answer"),
    }
}
