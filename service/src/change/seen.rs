//! The changes of the log that a copy of the data includes.

use std::collections::BTreeSet;

/// The maximum number of missing numbers. A query names each of them individually.
const MAX_MISSING: usize = 500;

/// The changes that a copy includes: all up to the highest number, except those that were not visible yet. Numbers are
/// drawn before a transaction commits, so a lower number may become visible after a higher one, or never.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SeenNumbers {
    last: i64,
    missing: BTreeSet<i64>,
}

impl SeenNumbers {
    /// Includes all changes up to `head`, where the log is complete, and the changes with these numbers. `None` if too
    /// many numbers in between are missing.
    pub(crate) fn new(head: i64, numbers: impl IntoIterator<Item = i64>) -> Option<Self> {
        let mut seen = Self { last: head, missing: BTreeSet::new() };
        let mut numbers: Vec<i64> = numbers.into_iter().collect();
        numbers.sort_unstable();
        numbers.into_iter().all(|number| seen.add(number).is_some()).then_some(seen)
    }

    /// The highest number.
    pub(crate) fn last(&self) -> i64 {
        self.last
    }

    /// The lower numbers that are not included.
    pub(crate) fn missing(&self) -> impl Iterator<Item = i64> {
        self.missing.iter().copied()
    }

    /// Whether these are all changes that are visible to a reader whose highest visible number is `last`.
    pub(crate) fn is_all(&self, last: i64) -> bool {
        self.missing.is_empty() && last <= self.last
    }

    /// Includes a change. Returns whether it is new; `None` if including it would leave too many numbers missing.
    pub(crate) fn add(&mut self, number: i64) -> Option<bool> {
        if number <= self.last {
            return Some(self.missing.remove(&number));
        }
        let between = usize::try_from(number - self.last - 1).unwrap_or(usize::MAX);
        if self.missing.len().saturating_add(between) > MAX_MISSING {
            return None;
        }
        self.missing.extend(self.last + 1..number);
        self.last = number;
        Some(true)
    }

    /// Records that the log is complete up to `head`: lower numbers that were not seen will never be used.
    pub(crate) fn complete_up_to(&mut self, head: i64) {
        self.missing = self.missing.split_off(&(head + 1));
        self.last = self.last.max(head);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_counts_once_whenever_it_comes() {
        let mut seen = SeenNumbers::new(10, [13, 11]).expect("few are missing");
        assert!(!seen.is_all(13), "12 is missing");
        assert_eq!(seen.add(11), Some(false));
        assert_eq!(seen.add(10), Some(false));
        assert_eq!(seen.add(12), Some(true));
        assert_eq!(seen.add(12), Some(false));
        assert!(seen.is_all(13) && !seen.is_all(14));
    }

    #[test]
    fn numbers_that_nothing_will_have_are_not_waited_for() {
        let mut seen = SeenNumbers::new(10, [15, 17]).expect("few are missing");
        seen.complete_up_to(14);
        assert_eq!(seen.missing().collect::<Vec<_>>(), [16]);
        seen.complete_up_to(20);
        assert!(seen.is_all(20));
        assert_eq!(seen.add(20), Some(false));
    }

    #[test]
    fn a_sequence_that_jumps_is_not_followed() {
        assert_eq!(SeenNumbers::new(0, [i64::MAX]), None);
        let mut seen = SeenNumbers::new(0, []).expect("nothing is missing");
        assert_eq!(seen.add(MAX_MISSING as i64 + 2), None);
        assert_eq!(seen, SeenNumbers { last: 0, missing: BTreeSet::new() });
    }
}
