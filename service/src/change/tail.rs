//! The tail of the log of changes: one task per process, which publishes complete changes.

use super::certify::{Certifier, SequenceJumped};
use super::log::{Head, MAX_BYTES, START_DISTANCE};
use super::position::LogId;
use super::record::Change;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::store::changes::{self, LogPage};
use metrics::{counter, gauge};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// The maximum number of log numbers that one statement reads.
const MAX_NUMBERS: u64 = 10_000;
/// The minimum delay between two polls.
const MIN_POLL_INTERVAL: Duration = Duration::from_millis(5);
/// The interval at which changes of other processes are polled: just after a change, and the maximum when there are
/// none.
const BUSY_POLL_INTERVAL: Duration = Duration::from_millis(25);
const IDLE_POLL_INTERVAL: Duration = Duration::from_millis(250);
/// The polling interval without followers. Positions in lists are then at most this old.
const UNFOLLOWED_POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The interval at which the identity of the log is verified.
const IDENTITY_CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// The delay before a retry after the database did not answer.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Publishes the log of changes. Never returns.
pub async fn run_tail(context: Context) {
    let (mut state, mut failing) = (None, false);
    loop {
        match follow(&context, &mut state, &mut failing).await {
            Ok(SequenceJumped) => {
                tracing::error!("the sequence of the log of changes has jumped; followers must list again");
                state = None;
            }
            Err(error) => {
                // Logged once per outage of the database.
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%error, "the log of changes cannot be read; retrying");
                }
                sleep(RETRY_DELAY).await;
            }
        }
    }
}

/// Waits until [`run_tail`] has polled the log once, so that even the first lists return a position. Waits only
/// briefly, because lists work without a position while the log cannot be read.
pub async fn wait_until_known(context: &Context) {
    let _ = context.changes.head().await;
}

/// The known state of the log.
struct Tail {
    log: LogId,
    certifier: Certifier,
}

/// Follows the log until the database fails or the sequence jumps.
async fn follow(context: &Context, state: &mut Option<Tail>, failing: &mut bool) -> Result<SequenceJumped> {
    let (mut pause, mut known) = (BUSY_POLL_INTERVAL, None);
    loop {
        if known.is_none_or(|known: Instant| known.elapsed() >= IDENTITY_CHECK_INTERVAL) {
            Tail::open(context, state).await?;
            known = Some(Instant::now());
        }
        let Some(tail) = state.as_mut() else { return Err(Error::Internal("no log is open".into())) };
        let Some(moved) = tail.poll(context).await? else {
            let end = changes::last(context.db.primary()).await?;
            context.write(|tx| async move { changes::begin_anew(&tx, end).await }).await?;
            return Ok(SequenceJumped);
        };
        *failing = false;
        pause = match (context.changes.is_followed(), moved || tail.certifier.is_waiting()) {
            (_, true) => BUSY_POLL_INTERVAL,
            (true, false) => (pause * 2).min(IDLE_POLL_INTERVAL),
            (false, false) => UNFOLLOWED_POLL_INTERVAL,
        };
        sleep(MIN_POLL_INTERVAL).await;
        let _ = tokio::time::timeout(pause, context.changes.committed()).await;
    }
}

impl Tail {
    /// Keeps `state` if the log is still the same one; otherwise starts with a new state.
    async fn open(context: &Context, state: &mut Option<Self>) -> Result<()> {
        let db = context.db.primary();
        let timeline = changes::timeline(db).await?;
        let (log, last) = (changes::log_row(db).await?, changes::last(db).await?);
        let id = LogId::of(log.epoch, &timeline);
        if state.as_ref().is_none_or(|tail| tail.log != id || tail.certifier.head() > last) {
            let certifier = Certifier::at((last - START_DISTANCE).max(log.floor));
            *state = Some(Self { log: id, certifier });
        }
        Ok(())
    }

    /// Reads new changes and publishes the complete ones. Returns whether the head advanced; `None` if the sequence
    /// has jumped.
    async fn poll(&mut self, context: &Context) -> Result<Option<bool>> {
        let db = context.db.primary();
        let from = self.certifier.head();
        let numbers = changes::numbers(db, from, MAX_NUMBERS).await?;
        let now = Instant::now();
        let Ok(dead) = self.certifier.advance(&numbers, now) else { return Ok(None) };
        count_holes("evidence", dead);
        if self.certifier.wants_fence() {
            self.certifier.set_fence(changes::fence(db).await?);
        }
        gauge!("hyperfleet_changes_hole_wait_seconds").set(self.certifier.waited(now).as_secs_f64());
        let head = Head { log: self.log.clone(), seq: self.certifier.head() };
        let rows = match context.changes.is_followed() {
            true => self.rows(context, from, head.seq).await?,
            false => None,
        };
        if let Some(last) = rows.as_ref().and_then(|rows| rows.last()) {
            let age = context.clock.now() - last.row.changed_time;
            gauge!("hyperfleet_changes_lag_seconds").set(age.as_seconds_f64().max(0.0));
        }
        context.changes.publish(rows, from, head);
        // For a transaction that has used its number and not ended, this waits up to `lock_timeout`. Later numbers
        // cannot be complete before that transaction ends in any case.
        for number in self.certifier.overdue(now) {
            let time = context.clock.now();
            let taken = context.db.write(|tx| async move { changes::occupy(&tx, number, time).await }).await;
            if let Err(error) = taken {
                // The transaction is still running. This is rare, so it is logged.
                tracing::info!(number, %error, "waiting for an unfinished change");
                break;
            }
            count_holes("taken", 1);
        }
        Ok(Some(self.certifier.head() > from))
    }

    /// Returns the changes after `from` up to `to`; `None` if they exceed the memory for the latest changes.
    async fn rows(&self, context: &Context, from: i64, to: i64) -> Result<Option<Vec<Arc<Change>>>> {
        let (mut all, mut bytes, mut since) = (Vec::new(), 0, from);
        while since < to {
            let LogPage { rows, upto, .. } = changes::between(context.db.primary(), since, to).await?;
            since = upto;
            let changes = rows.into_iter().filter_map(Change::of).map(Arc::new);
            all.extend(changes.inspect(|change| bytes += change.size()));
            if bytes > MAX_BYTES {
                return Ok(None);
            }
        }
        Ok(Some(all))
    }
}

fn count_holes(how: &'static str, holes: usize) {
    counter!("hyperfleet_changes_holes_total", "how" => how).increment(holes as u64);
}
