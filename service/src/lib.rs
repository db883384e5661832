//! The system of record: it keeps clusters and node pools, stores the reports of adapters, and aggregates them into one
//! status per resource. It knows nothing of HTTP.
//!
//! The crate has layers. Imports point downwards only (a test checks this), and items are imported from the module that
//! defines them:
//!
//! | layer | modules | contents |
//! |---|---|---|
//! | operations | [`resource`] (one file per operation), [`change`] (the log and its followers), [`idempotency`], [`reconciliation`], [`context`] | what callers can do |
//! | storage | `store` | the only SQL besides the conditions of searches; `store/row.rs` is the only place that distinguishes the row types |
//! | domain | [`model`], [`status`], [`search`], [`list`], [`spec_schema`], [`kind`], [`name`], [`id`], `field`, `digest`, `change/{record,position,seen}.rs` | pure: no database, no clock, no `async` |
//! | database | [`db`], [`dialect`], `batch`, `gate`, [`memory`] | connections, transactions, metrics, limits; knows nothing of resources |
//!
//! How it is built:
//! - Deciding is pure. Classifying a report ([`status::classify()`]), aggregating reports ([`status::aggregate()`])
//!   and parsing a search ([`search`]) touch no database and read no clock.
//! - A write locks, reads, decides and saves, inside [`context::Context`]`::write`, which commits before it answers
//!   and runs the work again where the database asks for that. Whatever becomes of a resource goes through
//!   `store::save`, which gets the state before and after, and appends both to the log of changes.
//! - Reads of single resources, creates, changes and reports that arrive together are handled together (`batch`):
//!   one statement or one commit for many.
//! - Writes to one resource line up in the process before they take a connection (`gate`), so that a locked row delays
//!   only writes to it. Batches skip what is locked and leave it to be written alone.
//! - Resources are locked parent first, then children by id, so that writes to them do not deadlock.
//! - Pages by number and totals come from an index of the list (`resource/indexed.rs`), which the log of changes keeps
//!   current: nothing is counted or skipped twice.
//! - Clusters and node pools share one path. In what they differ is written in [`kind`].
//! - How the engines differ is data in [`dialect`].
//!
//! To add a column to clusters and node pools, for example `region text`:
//! 1. a migration of its own (`migration`; `schema.rs` describes the first version of the tables and stays), and the
//!    field in the two entities (`entity`);
//! 2. `model.rs`: the field of [`model::Resource`], with a serde default, because the log of changes holds resources
//!    written by the previous version;
//! 3. `store/row.rs`: its field and its column, in the list of equal names;
//! 4. `store/write.rs`, `only_status_differs`: whether it belongs to the status or to the desired state. The columns
//!    that never change and those of the desired state are also named in `store/save.rs`, where a test tells which
//!    is missing;
//! 5. `change/record.rs`, `PreviousState`: its value before a change, if it can change, with a serde default;
//! 6. `resource/create.rs`: its first value;
//! 7. `dto/resource.rs` in the crate `api`: whether it is public. If it is: its example in `openapi/examples.json`,
//!    then `api/openapi.json`, and `docs/`.
//!
//! Each of 3 to 7 does not compile until it is done. If the column can be searched and ordered by: a line in
//! `field.rs`, its value in `search/matches.rs` (a test tells), the tables of `docs/search.md` and
//! `api/src/openapi/description.md`; `Column::is_logged`, if its value can change without an entry in the log. A new
//! index is a migration, guarded by `tests/it/plans.rs`.
//!
//! To add a parameter of lists, for example a filter `region=`: `resource/query.rs` has the field of
//! [`resource::ListQuery`] and its part of `within`, the condition that page, total and index share. What the
//! parameter selects goes into the fingerprint of the order (`scope` in `api/src/list.rs`), so that no cursor or
//! index of another list is used, and `resource/indexed.rs` must know how the log tells what enters and leaves such a
//! list; one that becomes a part of the [`search::Filter`] needs only the former. In the crate `api`: read it in
//! `list.rs`, show it in `dto/list.rs`, give it an example.
//!
//! To add an operation that writes: a file in `resource/` with one function that passes `context.gate`, then calls
//! `context.write`; `resource/delete.rs` is the one to copy, and `resource/patch.rs` if many callers do it at once. In the
//! crate `api` a function in `routes/write.rs` that runs it to its end and audits its changes under an action of its
//! own, the first argument of `audit`, and a method with its text in each `routes/` file that has the address. What
//! the log calls the change follows from what is different (`Write::logged` in `store/write.rs`); a value of `change`
//! of its own is a variant of [`change::ChangeType`], and of `ChangeKind` in `dto/change.rs`, with its line in
//! `docs/changes.md`.

pub mod change;
pub mod clock;
pub mod context;
pub mod db;
pub mod dialect;
pub mod error;
pub mod id;
pub mod idempotency;
pub mod kind;
pub mod list;
pub mod memory;
pub mod metrics;
pub mod model;
pub mod name;
pub mod reconciliation;
pub mod resource;
pub mod search;
pub mod spec_schema;
pub mod status;

mod batch;
mod digest;
mod field;
mod gate;
mod store;

pub use clock::Clock;
pub use context::{Context, Settings};
pub use db::{Connect, Consistency, Db};
pub use dialect::Dialect;
pub use error::{Error, FieldError, Result};
pub use id::{id_floor, new_id};
pub use kind::{BASE_PATH, Kind, PerKind};
pub use model::Resource;
pub use name::{AdapterName, Labels, ResourceName};

#[cfg(test)]
mod tests;
