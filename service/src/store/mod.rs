//! The storage layer: all statements of the service, and the only code that distinguishes the tables of clusters and node
//! pools. Only `search` also builds conditions, from filters.

pub(crate) mod access_path;
pub(crate) mod changes;
pub(crate) mod counts;
pub(crate) mod keys;
pub(crate) mod list;
pub(crate) mod page;
pub(crate) mod reader;
pub(crate) mod reports;
pub(crate) mod resources;
pub(crate) mod save;
pub(crate) mod write;

mod labels;
mod listed;
mod row;
mod rows;

/// The maximum number of rows that one statement writes. Columns times rows must stay below the bind limit of the
/// engine.
const CHUNK: usize = 1000;
