//! The log of changes as far as this process knows it: its certified head, and the latest changes in memory.
//!
//! Followers pull. Each has a position and reads from there at its own pace, so a slow one holds up nobody and nothing
//! is queued for it. Who falls behind what is in memory reads from the database.

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

/// Memory for the latest changes, in bytes.
pub(super) const MEMORY: usize = 16 << 20;
/// Changes that are read at a time: decoding them must not hold up other requests.
const PAGE: usize = 100;
/// Followers that read from the database at a time.
const CATCHING_UP: usize = 4;
/// How long a follower waits for the log to be known after a start.
const START: Duration = Duration::from_secs(2);
/// A process that starts looks at the log from so many numbers before its end: transactions that drew lower ones have
/// ended. Which of these numbers will never be used it finds out anew.
pub(super) const LOOK_BACK: i64 = 10_000;
/// How far ahead of this process a position of another replica may be, in changes: that one may know the whole log, and
/// more has been written since.
const AHEAD: i64 = 2 * LOOK_BACK;

/// Makes the metrics of the log exist.
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
    /// Counts how often the log was looked at.
    looks: watch::Sender<u64>,
    latest: Mutex<Latest>,
    committed: Notify,
    followers: Follower,
    catching_up: Semaphore,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            head: watch::Sender::new(None),
            looks: watch::Sender::new(0),
            latest: Mutex::default(),
            committed: Notify::new(),
            followers: Follower::default(),
            catching_up: Semaphore::new(CATCHING_UP),
        }
    }
}

/// Up to where the log is complete.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    pub(crate) log: LogId,
    pub(crate) seq: i64,
}

impl Head {
    /// Checks that what follows a position can be found in the log.
    ///
    /// # Errors
    /// [`Error::PositionGone`].
    pub(super) fn check(&self, position: &Position) -> Result<()> {
        let (Offset::Change(seq) | Offset::Snapshot { then: seq, .. }) = position.offset;
        if position.log != self.log || seq > self.seq.saturating_add(AHEAD) {
            return Err(gone());
        }
        Ok(())
    }
}

/// The changes in memory: all after `start` and up to `end`.
#[derive(Debug, Default)]
struct Latest {
    start: i64,
    end: i64,
    changes: VecDeque<Arc<Change>>,
    bytes: usize,
}

impl Latest {
    fn forget(&mut self, end: i64) {
        *self = Self { start: end, end, ..Self::default() };
    }

    fn push(&mut self, changes: Vec<Arc<Change>>, end: i64) {
        self.bytes += changes.iter().map(|change| change.size()).sum::<usize>();
        self.changes.extend(changes);
        self.end = end;
        while self.bytes > MEMORY
            && let Some(oldest) = self.changes.pop_front()
        {
            self.bytes -= oldest.size();
            self.start = oldest.row.seq;
        }
    }

    /// Changes after a number, and the number up to which they are all. `None` if they are no longer here.
    fn after(&self, since: i64) -> Option<(Vec<Arc<Change>>, i64)> {
        if since < self.start {
            return None;
        }
        let first = self.changes.partition_point(|change| change.row.seq <= since);
        let page: Vec<_> = self.changes.range(first..).take(PAGE).cloned().collect();
        let upto =
            if page.len() < PAGE { self.end } else { page.last().map_or(self.end, |last| last.row.seq) };
        Some((page, upto.max(since)))
    }
}

/// Keeps the log followed for as long as it lives: followers are clones of the one that the log has, and counted so.
pub(super) type Follower = Arc<()>;

impl ChangeLog {
    /// Tells that a change was committed in this process.
    pub(crate) fn notify(&self) {
        if self.is_followed() {
            self.0.committed.notify_one();
        }
    }

    /// Resolves when a change was committed in this process.
    pub(super) async fn committed(&self) {
        self.0.committed.notified().await;
    }

    pub(super) fn is_followed(&self) -> bool {
        Arc::strong_count(&self.0.followers) > 1
    }

    /// Follows the log: changes are kept in memory, and looked for more often.
    pub(super) fn follow(&self) -> Follower {
        let follower = self.0.followers.clone();
        self.0.committed.notify_one();
        follower
    }

    /// Up to where the log is complete; waits a little after a start.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if that is not known yet.
    pub(super) async fn head(&self) -> Result<Head> {
        let mut heads = self.0.head.subscribe();
        let known = tokio::time::timeout(START, heads.wait_for(Option::is_some)).await;
        let head = known.ok().and_then(|known| known.ok()?.clone());
        head.ok_or_else(|| Error::Unavailable(DbErr::Custom("the log of changes is not known yet".into())))
    }

    /// The same, with everything that was committed before this call, unless another change has to be waited for.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if that is not known yet.
    pub(super) async fn fresh_head(&self) -> Result<Head> {
        let mut looks = self.0.looks.subscribe();
        // One may be under way, which began before.
        let enough = *looks.borrow_and_update() + 2;
        let looked = async {
            while *looks.borrow_and_update() < enough {
                self.0.committed.notify_one();
                // The sender lives as long as this does.
                let _ = looks.changed().await;
            }
        };
        let _ = tokio::time::timeout(START, looked).await;
        self.head().await
    }

    /// Up to where the log was complete when this process last looked; `None` if it has not yet.
    pub(crate) fn known_head(&self) -> Option<Head> {
        self.0.head.borrow().clone()
    }

    /// Where a follower begins who has read the database after this call.
    pub(crate) fn position(&self) -> Option<Position> {
        let head = self.known_head()?;
        Some(Position { log: head.log, offset: Offset::Change(head.seq) })
    }

    /// Resolves when the log is complete beyond `seq`, or when another log has begun.
    pub(super) async fn beyond(&self, log: &LogId, seq: i64) {
        let mut heads = self.0.head.subscribe();
        let other =
            |head: &Option<Head>| head.as_ref().is_some_and(|head| head.seq > seq || head.log != *log);
        // The sender lives as long as this does.
        let _ = heads.wait_for(other).await;
    }

    /// Changes after a number, in order, and the number up to which they are all.
    ///
    /// # Errors
    /// [`Error::PositionGone`] if some of them were removed.
    pub(super) async fn after(
        &self,
        db: &Executor,
        log: &LogId,
        since: i64,
    ) -> Result<(Vec<Arc<Change>>, i64)> {
        let head = self.head().await?;
        if head.log != *log {
            return Err(gone());
        }
        if since >= head.seq {
            return Ok((Vec::new(), since));
        }
        if let Some(found) = self.0.latest.lock().after(since) {
            return Ok(found);
        }
        counter!("hyperfleet_changes_catchup_reads_total").increment(1);
        // Never closed.
        let _permit = self.0.catching_up.acquire().await;
        let LogPage { rows, upto, floor } = changes::between(db, since, head.seq).await?;
        if floor > since {
            return Err(gone());
        }
        Ok((rows.into_iter().filter_map(Change::of).map(Arc::new).collect(), upto))
    }

    /// Publishes changes that are known to be complete up to `head`, where the log was complete up to `from` before.
    /// `None` if they were not read: nobody follows, or they are too many.
    pub(super) fn publish(&self, changes: Option<Vec<Arc<Change>>>, from: i64, head: Head) {
        let bytes = {
            let mut latest = self.0.latest.lock();
            match changes {
                Some(changes) => {
                    if latest.end != from {
                        latest.forget(from);
                    }
                    latest.push(changes, head.seq);
                }
                None => latest.forget(head.seq),
            }
            latest.bytes
        };
        gauge!("hyperfleet_changes_memory_bytes").set(bytes as f64);
        gauge!("hyperfleet_changes_head").set(head.seq as f64);
        // Every follower wakes up when it changes.
        self.0.head.send_if_modified(|known| {
            let moved = known.as_ref() != Some(&head);
            *known = Some(head);
            moved
        });
        self.0.looks.send_modify(|looks| *looks += 1);
    }
}

fn gone() -> Error {
    counter!("hyperfleet_changes_gone_total").increment(1);
    Error::PositionGone
}
