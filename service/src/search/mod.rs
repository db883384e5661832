//! The search language of the lists.
//!
//! A search goes through text → tokens → syntax tree → typed filter → SQL condition. Each step is a pure
//! function in a file of its own, and only the last one knows of tables. What is refused is refused before
//! it, with the position in the text; a [`Filter`] can always be asked.
//!
//! Logic is two-valued: a comparison with a missing value is false, and a negated comparison is true wherever
//! the comparison is false.
//!
//! To add a field: name it in `field.rs` of the crate, with its type and where its value is; a new place gets its SQL
//! in `sql.rs`, and `dialect.rs` what engines spell differently.

mod compare;
mod error;
mod field;
pub(crate) mod filter;
mod matches;
mod operand;
mod parse;
pub(crate) mod pattern;
pub(crate) mod scan;
pub(crate) mod sql;
mod syntax;
#[cfg(test)]
mod tests;
mod time;
mod token;

pub use error::SearchError;
pub use filter::Filter;
pub use sql::condition;

use crate::list::collection::Collection;

/// Reads a search text that is asked of `collection`.
///
/// # Errors
///
/// Anything that is not a search within the limits: bad syntax, an unknown field, a literal of the wrong type.
/// A blank text is refused as well; callers for which it means "no search" check for it first.
pub fn parse(collection: &Collection, text: &str) -> Result<Filter, SearchError> {
    let read = parse::expression(text).and_then(|expression| Filter::typed(collection, &expression));
    read.map_err(|fault| fault.in_text(text))
}
