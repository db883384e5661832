//! The indexes of recently read lists, within a memory limit.

use crate::change::position::LogId;
use crate::change::seen::SeenNumbers;
use crate::list::page_index::PageIndex;
use lru::LruCache;
use metrics::{counter, gauge};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The memory use of a list in addition to its index, in bytes.
const LIST_BYTES: usize = 512;
/// How long an index is used. The log reports every change by this service, but not writes by others.
const LIFETIME: Duration = Duration::from_secs(300);

/// Registers the metrics of indexes.
pub(crate) fn register() {
    for name in ["bytes", "lists"] {
        gauge!(format!("hyperfleet_page_index_{name}")).set(0.0);
    }
    for result in ["used", "updated", "built", "unavailable"] {
        count(result, 0);
    }
}

/// Counts pages and totals by the state of their index.
pub(crate) fn count(result: &'static str, pages: u64) {
    counter!("hyperfleet_page_index_reads_total", "result" => result).increment(pages);
}

/// The indexes of lists. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct PageIndexes {
    lists: Arc<Mutex<Lists>>,
    limit: usize,
}

#[derive(Debug)]
struct Lists {
    held: LruCache<String, Held>,
    bytes: usize,
}

#[derive(Debug)]
struct Held {
    slot: Slot,
    bytes: usize,
}

/// The index of one list; `None` until it is built. The lock is held while the index is built, so that other requests
/// wait instead of building it too.
pub(crate) type Slot = Arc<tokio::sync::Mutex<Option<Current>>>;

/// An index and the changes it includes.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) index: PageIndex,
    /// A version that is replaced after each change of the list.
    pub(crate) version: u64,
    pub(crate) log: LogId,
    pub(crate) seen: SeenNumbers,
    until: Instant,
}

impl Current {
    /// Creates an entry for an index that includes these changes of a log.
    pub(crate) fn new(index: PageIndex, log: LogId, seen: SeenNumbers) -> Self {
        Self { index, version: version(), log, seen, until: Instant::now() + LIFETIME }
    }

    /// Whether the index may still be used while `log` is the current log.
    pub(crate) fn is_good(&self, log: &LogId) -> bool {
        self.log == *log && Instant::now() < self.until
    }

    /// Records that the list has changed.
    pub(crate) fn changed(&mut self) {
        self.version = version();
    }
}

fn version() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl PageIndexes {
    /// Creates indexes that use up to `limit` bytes together. 0 disables them.
    pub(crate) fn new(limit: usize) -> Self {
        let lists = Lists { held: LruCache::unbounded(), bytes: 0 };
        Self { lists: Arc::new(Mutex::new(lists)), limit }
    }

    /// Returns the index of a list; `None` if indexes are disabled.
    pub(crate) fn slot(&self, list: &str) -> Option<Slot> {
        if self.limit == 0 {
            return None;
        }
        let mut lists = self.lists.lock();
        if let Some(held) = lists.held.get(list) {
            return Some(held.slot.clone());
        }
        let held = Held { slot: Slot::default(), bytes: LIST_BYTES };
        let slot = held.slot.clone();
        lists.held.put(list.to_owned(), held);
        lists.bytes += LIST_BYTES;
        lists.shrink(self.limit);
        Some(slot)
    }

    /// The maximum number of ids in one index. The ids of one list must not displace all other lists.
    pub(crate) fn ids_of_one(&self) -> u64 {
        (self.limit / 2 / size_of::<Uuid>()) as u64
    }

    /// Records that the index of a list now uses `bytes`. The least recently read lists are removed if the limit is
    /// exceeded.
    pub(crate) fn set_size(&self, list: &str, bytes: usize) {
        let mut lists = self.lists.lock();
        let lists = &mut *lists;
        if let Some(held) = lists.held.peek_mut(list) {
            lists.bytes = lists.bytes - held.bytes + LIST_BYTES + bytes;
            held.bytes = LIST_BYTES + bytes;
            lists.shrink(self.limit);
        }
    }
}

impl Lists {
    fn shrink(&mut self, limit: usize) {
        while self.bytes > limit
            && let Some((_, held)) = self.held.pop_lru()
        {
            self.bytes -= held.bytes;
        }
        gauge!("hyperfleet_page_index_bytes").set(self.bytes as f64);
        gauge!("hyperfleet_page_index_lists").set(self.held.len() as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_for_the_longest_time_makes_room() {
        let indexes = PageIndexes::new(3 * LIST_BYTES);
        let slots: Vec<_> = ["a", "b", "c"].map(|list| indexes.slot(list).expect("an index")).into();
        let same = |list, slot: &Slot| Arc::ptr_eq(&indexes.slot(list).expect("an index"), slot);
        assert!(same("a", &slots[0]));
        indexes.slot("d").expect("an index");
        assert!(same("a", &slots[0]) && same("c", &slots[2]));
        assert!(!same("b", &slots[1]));
        let held = || {
            let lists = indexes.lists.lock();
            (lists.held.len(), lists.bytes)
        };
        assert_eq!(held(), (3, 3 * LIST_BYTES));
        indexes.set_size("b", LIST_BYTES + 1);
        assert_eq!(held(), (1, 2 * LIST_BYTES + 1));
        indexes.set_size("b", 3 * LIST_BYTES);
        assert_eq!(held(), (0, 0));
        assert!(PageIndexes::new(0).slot("a").is_none());
    }
}
