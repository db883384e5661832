//! What the language means, as a table of texts.

mod accepted;
mod compiled;
mod noise;
mod refused;

use super::{Filter, parse};

fn filter(text: &str) -> Filter {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Whether two texts are the same search.
#[track_caller]
fn same(left: &str, right: &str) {
    assert_eq!(filter(left), filter(right), "`{left}` is not `{right}`");
}
