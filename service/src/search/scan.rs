//! How the rows are read that a filter is asked of.

use sea_orm::sea_query::SelectStatement;
use uuid::Uuid;

/// How the rows are read that a condition is asked of. It changes the way to the answer, not the answer.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Only rows with ids beyond this one are wanted.
    pub(crate) beyond: Option<IdBound>,
    pub(crate) path: AccessPath,
}

/// A bound of ids.
#[derive(Clone, Copy, Debug)]
pub(crate) enum IdBound {
    /// Greater ones.
    Above(Uuid),
    /// Lower ones.
    Below(Uuid),
}

/// The way to the rows that match.
#[derive(Clone, Debug, Default)]
pub(crate) enum AccessPath {
    /// What the engine thinks best.
    #[default]
    Any,
    /// In the order of the list, asking each row: many match.
    InOrder {
        /// Whether that is the order of ids, in which the indexes of columns hold equal values too.
        by_id: bool,
    },
    /// By the ids that this finds, which hold those of all that match.
    Ids(Box<SelectStatement>),
}
