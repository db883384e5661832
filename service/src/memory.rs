//! Memory for pages of lists.
//!
//! Most pages are small, and their number is limited by the number of requests. What a page takes beyond that counts
//! towards a limit for all of them, from the moment its rows arrive until its answer is sent: else a few callers that
//! list large resources, or do not read their answers, would use up the memory of the process.

use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a page may take that does not count, in bytes.
const UNCOUNTED: usize = 256 << 10;
/// Memory is counted in units of so many bytes.
const UNIT: usize = 1 << 10;
/// A page takes so many units at a time, so that it need not for each row.
const STEP: usize = 256;

/// Memory for pages of lists. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct PageMemory {
    units: Arc<Semaphore>,
    page_bytes: usize,
}

/// What one page holds of it. Dropped, it is free for others.
#[derive(Debug)]
pub struct Share {
    memory: PageMemory,
    held: Mutex<Option<OwnedSemaphorePermit>>,
}

impl PageMemory {
    /// Memory of `total` bytes for pages whose items take up to `page_bytes` each.
    pub(crate) fn new(page_bytes: usize, total: usize) -> Self {
        let units = Arc::new(Semaphore::new(units(total.max(page_bytes))));
        Self { units, page_bytes }
    }

    /// A share that grows as long as there is memory.
    pub(crate) fn share(&self) -> Share {
        Share { memory: self.clone(), held: Mutex::new(None) }
    }

    /// A share for the largest page. Waits until there is memory, in the order of those who wait; a caller must not
    /// hold a share or a connection meanwhile.
    pub(crate) async fn full_share(&self) -> Share {
        let all = u32::try_from(units(self.page_bytes)).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        let held = self.units.clone().acquire_many_owned(all).await.ok();
        Share { memory: self.clone(), held: Mutex::new(held) }
    }
}

impl Share {
    /// How many bytes the items of a page may take.
    pub(crate) fn page_bytes(&self) -> usize {
        self.memory.page_bytes
    }

    /// Makes sure that it holds `bytes`. False if there is not so much memory now.
    pub(crate) fn reach(&self, bytes: usize) -> bool {
        let wanted = units(bytes.saturating_sub(UNCOUNTED));
        let mut held = self.held.lock();
        let missing = wanted.saturating_sub(held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        if missing == 0 {
            return true;
        }
        let take = u32::try_from(missing.next_multiple_of(STEP)).unwrap_or(u32::MAX);
        let Ok(more) = self.memory.units.clone().try_acquire_many_owned(take) else { return false };
        match held.as_mut() {
            Some(held) => held.merge(more),
            None => *held = Some(more),
        }
        true
    }
}

fn units(bytes: usize) -> usize {
    bytes.div_ceil(UNIT)
}

#[cfg(test)]
mod tests {
    use super::{PageMemory, STEP, UNCOUNTED, UNIT};

    const PAGE: usize = 1 << 20;

    #[test]
    fn small_pages_do_not_count_and_large_ones_share_what_there_is() {
        let memory = PageMemory::new(PAGE, 2 * PAGE);
        let shares: Vec<_> = (0..100).map(|_| memory.share()).collect();
        assert!(shares.iter().all(|share| share.reach(UNCOUNTED)));
        let step = STEP * UNIT;
        let grown = shares.iter().filter(|share| share.reach(UNCOUNTED + 1)).count();
        assert_eq!(grown, 2 * PAGE / step);
        assert!(shares[0].reach(UNCOUNTED + step), "what it took already");
        assert!(!shares[0].reach(UNCOUNTED + step + 1));
        drop(shares);
        assert!(memory.share().reach(PAGE));
    }

    #[tokio::test]
    async fn who_waits_for_a_full_share_gets_what_becomes_free() {
        let memory = PageMemory::new(PAGE, PAGE);
        let first = memory.full_share().await;
        assert!(first.reach(PAGE));
        let waiting = tokio::spawn({
            let memory = memory.clone();
            async move { memory.full_share().await }
        });
        tokio::task::yield_now().await;
        let late = memory.share();
        assert!(!late.reach(PAGE));
        drop(first);
        let second = waiting.await.expect("a share");
        assert!(second.reach(PAGE) && !late.reach(PAGE));
    }

    #[tokio::test]
    async fn a_full_share_is_never_more_than_there_is() {
        let memory = PageMemory::new(PAGE, 1);
        assert!(memory.full_share().await.reach(PAGE));
    }
}
