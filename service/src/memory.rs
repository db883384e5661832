//! The memory limit for pages of lists.
//!
//! Most pages are small, and their number is limited by the number of requests. The memory of a page beyond a fixed
//! size counts toward a limit shared by all pages, from the time its rows arrive until its response is sent.
//! Otherwise, a few callers that list large resources, or do not read their responses, would exhaust the memory of
//! the process.

use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The size up to which a page does not count, in bytes.
const UNCOUNTED_BYTES: usize = 256 << 10;
/// The unit in which memory is counted, in bytes.
const UNIT_BYTES: usize = 1 << 10;
/// The number of units that a page acquires at a time, so that it does not acquire memory for each row.
const STEP_UNITS: usize = 256;

/// The memory for pages of lists. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct PageMemory {
    units: Arc<Semaphore>,
    page_bytes: usize,
}

/// The memory held by one page. Released when dropped.
#[derive(Debug)]
pub struct Share {
    memory: PageMemory,
    held: Mutex<Option<OwnedSemaphorePermit>>,
}

impl PageMemory {
    /// Creates a memory of `total` bytes for pages whose items use up to `page_bytes` each.
    pub(crate) fn new(page_bytes: usize, total: usize) -> Self {
        let units = Arc::new(Semaphore::new(units(total.max(page_bytes))));
        Self { units, page_bytes }
    }

    /// Returns an empty share, which grows while memory is available.
    pub(crate) fn share(&self) -> Share {
        Share { memory: self.clone(), held: Mutex::new(None) }
    }

    /// Returns a share for the largest page. Waits until memory is available, in first-in, first-out order; the
    /// caller must not hold a share or a connection while it waits.
    pub(crate) async fn full_share(&self) -> Share {
        let all = u32::try_from(units(self.page_bytes)).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        let held = self.units.clone().acquire_many_owned(all).await.ok();
        Share { memory: self.clone(), held: Mutex::new(held) }
    }
}

impl Share {
    /// The maximum size of the items of a page, in bytes.
    pub(crate) fn page_bytes(&self) -> usize {
        self.memory.page_bytes
    }

    /// Grows the share to at least `bytes`. Returns false if not enough memory is available now.
    pub(crate) fn grow_to(&self, bytes: usize) -> bool {
        let wanted = units(bytes.saturating_sub(UNCOUNTED_BYTES));
        let mut held = self.held.lock();
        let missing = wanted.saturating_sub(held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        if missing == 0 {
            return true;
        }
        let take = u32::try_from(missing.next_multiple_of(STEP_UNITS)).unwrap_or(u32::MAX);
        let Ok(more) = self.memory.units.clone().try_acquire_many_owned(take) else { return false };
        match held.as_mut() {
            Some(held) => held.merge(more),
            None => *held = Some(more),
        }
        true
    }
}

fn units(bytes: usize) -> usize {
    bytes.div_ceil(UNIT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::{PageMemory, STEP_UNITS, UNCOUNTED_BYTES, UNIT_BYTES};

    const PAGE: usize = 1 << 20;

    #[test]
    fn small_pages_do_not_count_and_large_ones_share_what_there_is() {
        let memory = PageMemory::new(PAGE, 2 * PAGE);
        let shares: Vec<_> = (0..100).map(|_| memory.share()).collect();
        assert!(shares.iter().all(|share| share.grow_to(UNCOUNTED_BYTES)));
        let step = STEP_UNITS * UNIT_BYTES;
        let grown = shares.iter().filter(|share| share.grow_to(UNCOUNTED_BYTES + 1)).count();
        assert_eq!(grown, 2 * PAGE / step);
        assert!(shares[0].grow_to(UNCOUNTED_BYTES + step), "what it took already");
        assert!(!shares[0].grow_to(UNCOUNTED_BYTES + step + 1));
        drop(shares);
        assert!(memory.share().grow_to(PAGE));
    }

    #[tokio::test]
    async fn who_waits_for_a_full_share_gets_what_becomes_free() {
        let memory = PageMemory::new(PAGE, PAGE);
        let first = memory.full_share().await;
        assert!(first.grow_to(PAGE));
        let waiting = tokio::spawn({
            let memory = memory.clone();
            async move { memory.full_share().await }
        });
        tokio::task::yield_now().await;
        let late = memory.share();
        assert!(!late.grow_to(PAGE));
        drop(first);
        let second = waiting.await.expect("a share");
        assert!(second.grow_to(PAGE) && !late.grow_to(PAGE));
    }

    #[tokio::test]
    async fn a_full_share_is_never_more_than_there_is() {
        let memory = PageMemory::new(PAGE, 1);
        assert!(memory.full_share().await.grow_to(PAGE));
    }
}
