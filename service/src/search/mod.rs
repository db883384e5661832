//! The search language of the lists.
//!
//! A search passes through these forms: text → tokens → syntax tree → typed filter → SQL condition. Each step is a
//! pure function in its own file. Only the last step uses tables. Errors are found before the last step and include
//! the position in the text, so a [`Filter`] can always be evaluated.
//!
//! Logic is two-valued: a comparison with a missing value is false, and a negated comparison is true wherever the
//! comparison is false.
//!
//! | file | contents |
//! |---|---|
//! | `token`, `parse`, `syntax` | text → tokens → syntax tree |
//! | `field`, `filter`, `pattern`, `time` | the typed filter: fields, and the tests of their values |
//! | `sql`, `operand`, `compare`, `scan` | the SQL condition |
//! | `matches` | evaluation without a database, for followers and page indexes |
//!
//! To add a field, add its name and its source to the crate's `field.rs`, and its value to `matches`. A new variant of
//! `Source` also needs its type in `field`, its SQL in `operand`, and `dialect.rs` where the engines differ.

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

/// Parses a search text for `collection`.
///
/// # Errors
///
/// The text is not a search within the limits: it has invalid syntax, an unknown field or a literal of the wrong
/// type. A blank text is also an error; callers that treat it as "no search" check for it first.
pub fn parse(collection: &Collection, text: &str) -> Result<Filter, SearchError> {
    let read = parse::expression(text).and_then(|expression| Filter::typed(collection, &expression));
    read.map_err(|fault| fault.in_text(text))
}
