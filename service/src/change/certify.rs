//! The number up to which the log is complete.
//!
//! Numbers are drawn in order and committed in any order, so a missing number may still be committed. The log is
//! complete up to the first such number. There are two ways to establish that a missing number stays missing:
//!
//! - By evidence. A transaction has an id before it draws a number. Once a higher number is visible, all transactions
//!   that drew lower ones have ids below that of a transaction that begins then: the fence. If no transaction below
//!   the fence is running and the number is still missing, it was never committed.
//! - By occupying it. A long-running transaction of another database on the same server would delay the evidence.
//!   After [`OVERDUE_AFTER`] the number is occupied instead (`store::changes::occupy`), which waits only for the
//!   transaction that drew it. Occupation alone would delay followers by this time after each rolled-back write, and
//!   would make slow writers retry.

use crate::store::changes::Number;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a number may be missing before it is occupied.
const OVERDUE_AFTER: Duration = Duration::from_millis(100);
/// The maximum number of missing numbers that are returned for occupation at a time.
const MAX_OVERDUE: usize = 64;
/// The maximum number of missing numbers. More cannot be numbers that transactions are about to use: the sequence was
/// set from outside.
const MAX_HOLES: usize = 10_000;

/// Tracks which numbers are visible and which are missing.
#[derive(Debug)]
pub(super) struct Certifier {
    head: i64,
    holes: BTreeMap<i64, Hole>,
}

/// A gap in the log: a missing number.
#[derive(Clone, Copy, Debug)]
struct Hole {
    /// When the number was first found missing.
    since: Instant,
    /// An id above that of the transaction that drew the number, once such an id is known.
    fence: Option<i64>,
}

/// The error for more missing numbers than [`MAX_HOLES`].
#[derive(Debug, PartialEq)]
pub(super) struct SequenceJumped;

impl Certifier {
    /// Starts at `head`, up to which the log is complete.
    pub(super) fn at(head: i64) -> Self {
        Self { head, holes: BTreeMap::new() }
    }

    /// The number up to which the log is complete.
    pub(super) fn head(&self) -> i64 {
        self.head
    }

    /// Whether any missing number may still be committed.
    pub(super) fn is_waiting(&self) -> bool {
        !self.holes.is_empty()
    }

    /// Processes the visible numbers above the head, in ascending order. Returns how many missing numbers were found
    /// dead (never to be committed).
    pub(super) fn advance(&mut self, numbers: &[Number], now: Instant) -> Result<usize, SequenceJumped> {
        let (mut next, mut complete, mut dead) = (self.head + 1, true, 0);
        for number in numbers {
            if (number.seq - next) as u128 > MAX_HOLES as u128 {
                return Err(SequenceJumped);
            }
            for missing in next..number.seq {
                match self.holes.get(&missing) {
                    Some(Hole { fence: Some(fence), .. }) if number.oldest >= *fence => {
                        dead += usize::from(complete)
                    }
                    Some(_) => complete = false,
                    None => {
                        self.holes.insert(missing, Hole { since: now, fence: None });
                        complete = false;
                    }
                }
            }
            next = number.seq + 1;
            if complete {
                self.head = number.seq;
            }
            // The number is no longer missing.
            self.holes.remove(&number.seq);
        }
        self.holes = self.holes.split_off(&(self.head + 1));
        if self.holes.len() > MAX_HOLES { Err(SequenceJumped) } else { Ok(dead) }
    }

    /// Whether any missing number has no fence yet.
    pub(super) fn wants_fence(&self) -> bool {
        self.holes.values().any(|hole| hole.fence.is_none())
    }

    /// Sets the fence of the missing numbers that have none. `fence` is an id assigned after they were found missing.
    pub(super) fn set_fence(&mut self, fence: i64) {
        for hole in self.holes.values_mut() {
            hole.fence.get_or_insert(fence);
        }
    }

    /// The numbers to occupy now, lowest first.
    pub(super) fn overdue(&self, now: Instant) -> Vec<i64> {
        let overdue = self.holes.iter().filter(|(_, hole)| now.duration_since(hole.since) >= OVERDUE_AFTER);
        overdue.map(|(number, _)| *number).take(MAX_OVERDUE).collect()
    }

    /// How long the lowest missing number has been missing.
    pub(super) fn waited(&self, now: Instant) -> Duration {
        self.holes.values().next().map_or(Duration::ZERO, |hole| now.duration_since(hole.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(seqs: &[i64], oldest: i64) -> Vec<Number> {
        seqs.iter().map(|seq| Number { seq: *seq, oldest }).collect()
    }

    #[test]
    fn what_is_contiguous_is_complete() {
        let mut certifier = Certifier::at(10);
        assert_eq!(certifier.advance(&numbers(&[11, 12], 1), Instant::now()), Ok(0));
        assert_eq!((certifier.head(), certifier.is_waiting(), certifier.wants_fence()), (12, false, false));
    }

    #[test]
    fn a_late_commit_is_waited_for() {
        let (mut certifier, now) = (Certifier::at(0), Instant::now());
        // Transaction 8 drew number 2, transaction 7 drew number 4, and both are running.
        certifier.advance(&numbers(&[1, 3, 5], 7), now).expect("few holes");
        assert_eq!((certifier.head(), certifier.wants_fence()), (1, true));
        certifier.set_fence(9);
        certifier.advance(&numbers(&[3, 5], 8), now).expect("few holes");
        assert_eq!(certifier.head(), 1, "8 is running");
        certifier.advance(&numbers(&[2, 3, 5], 8), now).expect("few holes");
        assert_eq!((certifier.head(), certifier.is_waiting()), (3, true), "2 came, 4 is still waited for");
    }

    #[test]
    fn a_number_that_nobody_can_commit_any_more_is_dead() {
        let (mut certifier, now) = (Certifier::at(0), Instant::now());
        certifier.advance(&numbers(&[2], 5), now).expect("few holes");
        assert_eq!(certifier.advance(&numbers(&[2], 100), now), Ok(0), "nothing is known of its transaction");
        certifier.set_fence(9);
        assert_eq!(certifier.advance(&numbers(&[2], 9), now), Ok(1));
        assert_eq!((certifier.head(), certifier.is_waiting()), (2, false));
    }

    #[test]
    fn each_hole_has_the_fence_of_when_it_was_found() {
        let (mut certifier, now) = (Certifier::at(0), Instant::now());
        certifier.advance(&numbers(&[2], 5), now).expect("few holes");
        certifier.set_fence(9);
        certifier.advance(&numbers(&[2, 4], 9), now).expect("few holes");
        assert_eq!(certifier.head(), 2);
        certifier.set_fence(20);
        assert_eq!(certifier.advance(&numbers(&[4], 19), now), Ok(0));
        assert_eq!(certifier.advance(&numbers(&[4], 20), now), Ok(1));
        assert_eq!(certifier.head(), 4);
    }

    #[test]
    fn what_is_missing_for_long_is_to_be_taken() {
        let (mut certifier, now) = (Certifier::at(0), Instant::now());
        certifier.advance(&numbers(&[2, 5], 5), now).expect("few holes");
        assert!(certifier.overdue(now).is_empty());
        assert_eq!(certifier.overdue(now + OVERDUE_AFTER), [1, 3, 4]);
        assert_eq!(certifier.waited(now + OVERDUE_AFTER), OVERDUE_AFTER);
    }

    #[test]
    fn a_sequence_that_was_set_is_noticed() {
        let torn = Certifier::at(0).advance(&numbers(&[i64::MAX], 1), Instant::now());
        assert_eq!(torn, Err(SequenceJumped));
    }
}
