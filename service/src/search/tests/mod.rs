//! Tests of the search language, as tables of texts.

mod accepted;
mod compiled;
mod noise;
mod refused;

use super::{Filter, SearchError};
use crate::kind::Kind;
use crate::list::collection::Collection;

const CLUSTERS: Collection = Collection::of(Kind::Cluster);
const NODE_POOLS: Collection = Collection::of(Kind::NodePool);

fn parse(text: &str) -> Result<Filter, SearchError> {
    super::parse(&CLUSTERS, text)
}

fn filter(text: &str) -> Filter {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Asserts that two texts are the same search.
#[track_caller]
fn same(left: &str, right: &str) {
    assert_eq!(filter(left), filter(right), "`{left}` is not `{right}`");
}
