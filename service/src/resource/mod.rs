//! Operations on clusters and node pools.
//!
//! | file | contents |
//! |---|---|
//! | `create`, `patch`, `delete`, `report` | the writes |
//! | `read`, `list`, `explain` | the reads |
//! | `request` | what callers pass to the operations and receive from them |
//! | `locked`, `removal` | shared by the writes |
//! | `query`, `indexed`, `page_indexes` | shared by the lists |
//!
//! A write locks, reads, decides and saves, in that order. Rows are locked parent first, then children by id, so that
//! writes cannot deadlock.

mod create;
mod delete;
mod explain;
mod indexed;
mod list;
mod locked;
pub(crate) mod page_indexes;
mod patch;
mod query;
mod read;
mod removal;
mod report;
pub(crate) mod request;

pub use create::create;
pub use delete::{delete, force_delete};
pub use explain::explain;
pub use list::{Page, list, plan, reports};
pub use patch::patch;
pub use query::{ListQuery, Start};
pub use read::get;
pub use report::report;
pub use request::{Applied, Create, Created, IfMatch, Outcome, Patch};
