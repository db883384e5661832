//! What is stored: the only SQL of the service, apart from the conditions of searches, and the only place that tells
//! the tables of clusters and node pools apart.

pub(crate) mod access_path;
pub(crate) mod changes;
pub(crate) mod counts;
pub(crate) mod keys;
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

/// Rows written by one statement: columns times rows must stay below what an engine can bind.
const CHUNK: usize = 1000;
