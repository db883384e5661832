//! The path to the rows that match, for an engine that does not know how frequent values are: the start of each index that
//! could find them is counted.

use super::counts;
use crate::db::Executor;
use crate::error::Result;
use crate::kind::Kind;
use crate::list::collection::Collection;
use crate::search::filter::Filter;
use crate::search::scan::{AccessPath, IdBound, Scan};
use crate::search::sql;

/// More ids than this are not found first. It takes 10 ms to find so many.
const MAX_FOUND: u64 = 20_000;

/// Which of the rows that match are needs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Needs {
    /// The first so many in their order; all of them if not given.
    pub(crate) first: Option<u64>,
    /// Of so many, if that is known.
    pub(crate) total: Option<u64>,
    /// With ids beyond this one.
    pub(crate) beyond: Option<IdBound>,
    /// Of one owner, or one alone: they are found by that.
    pub(crate) is_owned: bool,
    /// In the order of ids.
    pub(crate) by_id: bool,
}

/// How the rows of a kind that match are best come by.
///
/// Of a fleet of n rows, c pass the part of the filter that fewest pass. To find these first takes c steps; to read the
/// rows in order until k match takes about k·n/c, each of which costs four times as much. The first is better while
/// c² < 4·k·n.
pub(crate) async fn choose(db: &Executor, kind: Kind, filter: Option<&Filter>, needs: Needs) -> Result<Scan> {
    let Needs { first, total, beyond, is_owned, by_id } = needs;
    let scan = |path| Ok(Scan { beyond, path });
    let Some(filter) = filter.filter(|_| !db.dialect().knows_frequencies()) else {
        return scan(AccessPath::Any);
    };
    if is_owned {
        return scan(AccessPath::InOrder { by_id });
    }
    let finders = sql::finders(filter, Collection::of(kind), db.dialect(), (by_id, beyond));
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
