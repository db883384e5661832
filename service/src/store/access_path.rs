//! The access path to matching rows, for an engine without statistics on the frequency of values. Each index that
//! could find the rows is counted up to a limit.

use super::counts;
use crate::db::Executor;
use crate::error::Result;
use crate::kind::Kind;
use crate::list::collection::Collection;
use crate::search::filter::Filter;
use crate::search::scan::{AccessPath, IdBound, Scan};
use crate::search::sql;

/// The maximum number of ids to find before the rows are read. Finding this many takes 10 ms.
const MAX_FOUND: u64 = 20_000;

/// The matching rows that a query needs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Needs {
    /// The number of rows, from the first in their order; all of them if `None`.
    pub(super) first: Option<u64>,
    /// The total number of matching rows, if known.
    pub(super) total: Option<u64>,
    /// Only rows with ids beyond this bound.
    pub(super) beyond: Option<IdBound>,
    /// Whether the query is restricted to one owner or one resource, which then finds the rows.
    pub(super) is_owned: bool,
    /// Whether the rows are ordered by id.
    pub(super) by_id: bool,
}

/// Chooses the access path to the matching rows of a collection: resources of `kind`, or reports about one of them.
///
/// Let n be the number of rows of the kind, k the number of rows needed, and c the number of rows that pass the most
/// selective part of the filter. Finding these c rows first takes c steps. Reading the rows in order until k match
/// takes about k·n/c steps, each of which costs four times as much. The first is better while c² < 4·k·n.
pub(super) async fn choose(
    db: &Executor,
    (kind, collection): (Kind, Collection),
    filter: Option<&Filter>,
    needs: Needs,
) -> Result<Scan> {
    let Needs { first, total, beyond, is_owned, by_id } = needs;
    let scan = |path| Ok(Scan { beyond, path });
    let Some(filter) = filter.filter(|_| !db.dialect().knows_frequencies()) else {
        return scan(AccessPath::Any);
    };
    if is_owned {
        return scan(AccessPath::InOrder { by_id });
    }
    let finders = sql::finders(filter, collection, db.dialect(), (by_id, beyond));
    if finders.is_empty() {
        return scan(AccessPath::Any);
    }
    let (mut fewest, otherwise) = match first {
        Some(first) => {
            let fleet = counts::resources(db, kind, None).await?.unsigned_abs();
            (first.saturating_mul(4 * fleet).isqrt().clamp(1, MAX_FOUND), AccessPath::InOrder { by_id })
        }
        None => (MAX_FOUND, AccessPath::Any),
    };
    if first.is_some() && total.is_some_and(|total| total >= fewest) {
        return scan(otherwise);
    }
    let mut path = otherwise;
    for finder in finders {
        let found = counts::up_to(db, finder.clone(), fewest).await?;
        if found < fewest {
            (fewest, path) = (found, AccessPath::Ids(Box::new(finder)));
        }
    }
    scan(path)
}
