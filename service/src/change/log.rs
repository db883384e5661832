//! The log of changes as known to this process: its certified head, and the latest changes in memory.
//!
//! Followers pull. Each has a position and reads from it at its own pace, so a slow follower blocks no other and
//! nothing is queued for it. A follower whose position is older than the changes in memory reads from the database.

use super::position::{LogId, Offset, Position};
use super::record::Change;
use crate::db::Executor;
use crate::error::{Error, Result};
use crate::store::changes::{self, LogPage};
use metrics::{counter, gauge};
use parking_lot::Mutex;
use sea_orm::DbErr;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, watch};

/// The memory for the latest changes, in bytes.
pub(super) const MAX_BYTES: usize = 16 << 20;
/// The maximum number of changes in one read from memory. Decoding more would block other requests.
const MAX_PAGE: usize = 100;
/// The maximum number of followers that read from the database at the same time.
const MAX_CATCHUP_READS: usize = 4;
/// How long a follower waits after a start until the log is known.
const START_TIMEOUT: Duration = Duration::from_secs(2);
/// The distance from the end of the log, in numbers, at which a process that starts begins to read. Transactions that
/// drew lower numbers have ended. For the numbers within this distance, the process determines again which ones will
/// never be used.
pub(super) const START_DISTANCE: i64 = 10_000;
/// How far a position of another replica of the service may be ahead of this process, in changes. The other replica
/// may know the whole log, and more changes may have been written since.
const MAX_AHEAD: i64 = 2 * START_DISTANCE;

/// Registers the metrics of the log.
pub(crate) fn register() {
    for name in ["catchup_reads_total", "gone_total"] {
        counter!(format!("hyperfleet_changes_{name}")).increment(0);
    }
    for how in ["evidence", "taken"] {
        counter!("hyperfleet_changes_holes_total", "how" => how).increment(0);
    }
    for name in ["head", "lag_seconds", "hole_wait_seconds", "memory_bytes"] {
        gauge!(format!("hyperfleet_changes_{name}")).set(0.0);
    }
}

/// The log of changes. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChangeLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    head: watch::Sender<Option<Head>>,
    /// The number of times that the log was polled.
    polls: watch::Sender<u64>,
    latest: Mutex<Latest>,
    committed: Notify,
    followers: Follower,
    catching_up: Semaphore,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            head: watch::Sender::new(None),
            polls: watch::Sender::new(0),
            latest: Mutex::default(),
            committed: Notify::new(),
            followers: Follower::default(),
            catching_up: Semaphore::new(MAX_CATCHUP_READS),
        }
    }
}

/// The number up to which a log is complete.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    pub(crate) log: LogId,
    pub(crate) seq: i64,
}

impl Head {
    /// Verifies that the changes after a position can be found in the log.
    ///
    /// # Errors
    /// [`Error::PositionGone`].
    pub(super) fn check(&self, position: &Position) -> Result<()> {
        let (Offset::Change(seq) | Offset::Snapshot { then: seq, .. }) = position.offset;
        if position.log != self.log || seq > self.seq.saturating_add(MAX_AHEAD) {
            return Err(position_gone());
        }
        Ok(())
    }
}

/// The changes in memory: all changes after `start` up to `end`.
#[derive(Debug, Default)]
struct Latest {
    start: i64,
    end: i64,
    changes: VecDeque<Arc<Change>>,
    bytes: usize,
}

impl Latest {
    fn reset(&mut self, end: i64) {
        *self = Self { start: end, end, ..Self::default() };
    }

    fn push(&mut self, changes: Vec<Arc<Change>>, end: i64) {
        self.bytes += changes.iter().map(|change| change.size()).sum::<usize>();
        self.changes.extend(changes);
        self.end = end;
        while self.bytes > MAX_BYTES
            && let Some(oldest) = self.changes.pop_front()
        {
            self.bytes -= oldest.size();
            self.start = oldest.row.seq;
        }
    }

    /// Returns the changes after a number, and the number up to which they are complete. `None` if they are no longer
    /// in memory.
    fn after(&self, since: i64) -> Option<(Vec<Arc<Change>>, i64)> {
        if since < self.start {
            return None;
        }
        let first = self.changes.partition_point(|change| change.row.seq <= since);
        let page: Vec<_> = self.changes.range(first..).take(MAX_PAGE).cloned().collect();
        let upto =
            if page.len() < MAX_PAGE { self.end } else { page.last().map_or(self.end, |last| last.row.seq) };
        Some((page, upto.max(since)))
    }
}

/// A handle that keeps the log followed while it exists. Handles are clones of the one that the log holds; their
/// reference count shows whether there are followers.
pub(super) type Follower = Arc<()>;

impl ChangeLog {
    /// Signals that a change was committed in this process.
    pub(crate) fn notify(&self) {
        if self.is_followed() {
            self.0.committed.notify_one();
        }
    }

    /// Completes when a change is committed in this process.
    pub(super) async fn committed(&self) {
        self.0.committed.notified().await;
    }

    pub(super) fn is_followed(&self) -> bool {
        Arc::strong_count(&self.0.followers) > 1
    }

    /// Registers a follower. While one exists, changes are kept in memory and the log is polled more often.
    pub(super) fn follow(&self) -> Follower {
        let follower = self.0.followers.clone();
        self.0.committed.notify_one();
        follower
    }

    /// Returns the head of the log. After a start, waits up to [`START_TIMEOUT`] until it is known.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it is not known yet.
    pub(super) async fn head(&self) -> Result<Head> {
        let mut heads = self.0.head.subscribe();
        let known = tokio::time::timeout(START_TIMEOUT, heads.wait_for(Option::is_some)).await;
        let head = known.ok().and_then(|known| known.ok()?.clone());
        head.ok_or_else(|| {
            Error::Unavailable(DbErr::Custom("the log of changes has not been read yet".into()))
        })
    }

    /// Returns the head of the log, including everything committed before this call unless a lower number is still
    /// missing.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it is not known yet.
    pub(super) async fn fresh_head(&self) -> Result<Head> {
        let mut polls = self.0.polls.subscribe();
        // A poll that began before this call may be running, so two must finish.
        let enough = *polls.borrow_and_update() + 2;
        let polled = async {
            while *polls.borrow_and_update() < enough {
                self.0.committed.notify_one();
                // The sender lives as long as `self`.
                let _ = polls.changed().await;
            }
        };
        let _ = tokio::time::timeout(START_TIMEOUT, polled).await;
        self.head().await
    }

    /// Returns the head at the last poll of this process; `None` before the first one.
    pub(crate) fn known_head(&self) -> Option<Head> {
        self.0.head.borrow().clone()
    }

    /// Returns the position for a follower that reads the database after this call; `None` if it is not known yet.
    pub(crate) fn position(&self) -> Option<Position> {
        let head = self.known_head()?;
        Some(Position { log: head.log, offset: Offset::Change(head.seq) })
    }

    /// Completes when the log is complete beyond `seq`, or when another log has begun.
    pub(super) async fn wait_beyond(&self, log: &LogId, seq: i64) {
        let mut heads = self.0.head.subscribe();
        let other =
            |head: &Option<Head>| head.as_ref().is_some_and(|head| head.seq > seq || head.log != *log);
        // The sender lives as long as `self`.
        let _ = heads.wait_for(other).await;
    }

    /// Returns the changes after a number, in order, and the number up to which they are complete.
    ///
    /// # Errors
    /// [`Error::PositionGone`] if some of them were removed, or if another log has begun.
    pub(super) async fn after(
        &self,
        db: &Executor,
        log: &LogId,
        since: i64,
    ) -> Result<(Vec<Arc<Change>>, i64)> {
        let head = self.head().await?;
        if head.log != *log {
            return Err(position_gone());
        }
        if since >= head.seq {
            return Ok((Vec::new(), since));
        }
        if let Some(found) = self.0.latest.lock().after(since) {
            return Ok(found);
        }
        counter!("hyperfleet_changes_catchup_reads_total").increment(1);
        // The semaphore is never closed.
        let _permit = self.0.catching_up.acquire().await;
        let LogPage { rows, upto, floor } = changes::between(db, since, head.seq).await?;
        if floor > since {
            return Err(position_gone());
        }
        Ok((rows.into_iter().filter_map(Change::of).map(Arc::new).collect(), upto))
    }

    /// Publishes changes that are known to be complete up to `head`. Before, the log was complete up to `from`.
    /// `changes` is `None` if they were not read, because there are no followers or too many changes.
    pub(super) fn publish(&self, changes: Option<Vec<Arc<Change>>>, from: i64, head: Head) {
        let bytes = {
            let mut latest = self.0.latest.lock();
            match changes {
                Some(changes) => {
                    if latest.end != from {
                        latest.reset(from);
                    }
                    latest.push(changes, head.seq);
                }
                None => latest.reset(head.seq),
            }
            latest.bytes
        };
        gauge!("hyperfleet_changes_memory_bytes").set(bytes as f64);
        gauge!("hyperfleet_changes_head").set(head.seq as f64);
        // A modification wakes every follower.
        self.0.head.send_if_modified(|known| {
            let moved = known.as_ref() != Some(&head);
            *known = Some(head);
            moved
        });
        self.0.polls.send_modify(|polls| *polls += 1);
    }
}

fn position_gone() -> Error {
    counter!("hyperfleet_changes_gone_total").increment(1);
    Error::PositionGone
}
