//! How the rows that a filter applies to are read.

use sea_orm::sea_query::SelectStatement;
use uuid::Uuid;

/// How a condition reads rows. It affects the query plan, not the result.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// The bound of the ids that are needed.
    pub(crate) beyond: Option<IdBound>,
    pub(crate) path: AccessPath,
}

/// An exclusive bound of ids.
#[derive(Clone, Copy, Debug)]
pub(crate) enum IdBound {
    /// Ids greater than this one.
    Above(Uuid),
    /// Ids less than this one.
    Below(Uuid),
}

/// The access path to the matching rows.
#[derive(Clone, Debug, Default)]
pub(crate) enum AccessPath {
    /// The path that the engine chooses.
    #[default]
    Any,
    /// In the order of the list, testing each row. Used if many rows match, or if the rows are found by their owner.
    InOrder {
        /// Whether this is the order of ids. The indexes of columns also hold rows with equal values in the order
        /// of ids.
        by_id: bool,
    },
    /// By the ids that this statement selects, which include the ids of all matches.
    Ids(Box<SelectStatement>),
}
