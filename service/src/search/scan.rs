//! How the rows are read that a filter is asked of.

use uuid::Uuid;

/// What is known of how the rows are read that a condition is asked of. It changes the way to the answer, not the answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan {
    /// Only rows with ids beyond this one are wanted.
    pub(crate) beyond: Option<IdBound>,
    /// Most rows that are read will match, so that each is asked by itself.
    pub(crate) dense: bool,
}

/// A bound of ids.
#[derive(Clone, Copy, Debug)]
pub(crate) enum IdBound {
    /// Greater ones.
    Above(Uuid),
    /// Lower ones.
    Below(Uuid),
}

/// A list with more items than this is read in its order; of a shorter one, all that matches is found first.
const DENSE: u64 = 5000;

impl Scan {
    /// Rows of a list of so many items, in its order.
    pub(crate) fn of(total: Option<u64>) -> Self {
        Self { beyond: None, dense: total.is_some_and(|total| total > DENSE) }
    }
}
