//! The system of record: stores clusters, node pools and the reports of adapters, and aggregates the reports into
//! one status per resource. This crate does not depend on HTTP.
//!
//! The crate has layers. Imports point downwards only (a test checks this), and items are imported from the module
//! that defines them:
//!
//! | layer | modules | contents |
//! |---|---|---|
//! | operations | [`resource`] (one file per operation), [`change`] (the log and its followers), [`idempotency`], [`reconciliation`], [`context`] | the operations that callers use |
//! | storage | `store` | all SQL except the conditions of searches; only `store/row.rs` distinguishes the row types |
//! | domain | [`model`], [`status`], [`search`], [`list`], [`spec_schema`], [`kind`], [`name`], [`id`], `field`, `digest`, `change/{record,position,seen}.rs` | pure: no database, no clock, no `async` |
//! | database | [`db`], [`dialect`], `batch`, `gate`, [`memory`] | connections, transactions, metrics, limits; independent of resources |
//!
//! Design:
//! - Decisions are pure functions. Classifying a report ([`status::classify()`]), aggregating reports
//!   ([`status::aggregate()`]) and parsing a search ([`search`]) use neither the database nor the clock.
//! - A write locks, reads, decides and saves, inside [`context::Context`]`::write`, which commits before it returns
//!   and runs the work again if the database requires a retry. `store::save` saves every change of a resource: it
//!   receives the state before and after, and appends both to the log of changes.
//! - Reads of single resources, creates, patches and reports that arrive at the same time are handled in batches
//!   (`batch`): one statement or one commit for many requests.
//! - Writes to one resource wait in the process before they acquire a connection (`gate`), so that a locked row
//!   delays only writes to it. Batches skip locked resources and leave them to be written alone.
//! - Resources are locked parent first, then children by id, so that writes to them do not deadlock.
//! - Pages by number and totals come from an index of the list (`resource/indexed.rs`), which the log of changes
//!   keeps current, so that no item is counted or skipped twice.
//! - Clusters and node pools share the same code. Their differences are defined in [`kind`].
//! - The differences between the engines are data in [`dialect`].
//!
//! To add a column to clusters and node pools, for example `region text`:
//! 1. a new migration (`migration`; `schema.rs` describes the first version of the tables and does not change), and
//!    the field in the two entities (`entity`);
//! 2. `model.rs`: the field of [`model::Resource`], with a serde default, because the log of changes contains
//!    resources written by the previous version;
//! 3. `store/row.rs`: the field and the column, in the list of equal names;
//! 4. `store/write.rs`, `only_status_differs`: whether the column belongs to the status or to the desired state.
//!    The columns that never change and those of the desired state are also listed in `store/save.rs`, where a test
//!    reports a missing one;
//! 5. `change/record.rs`, `PreviousState`: the value before a change, if it can change, with a serde default;
//! 6. `resource/create.rs`: the initial value;
//! 7. `dto/resource.rs` in the crate `api`: whether the column is public. If it is: its example in
//!    `openapi/examples.json`, then `api/openapi.json`, and `docs/`.
//!
//! The code does not compile until each of the steps 3 to 7 is done. If the column can be searched and ordered by:
//! a line in `field.rs`, its value in `search/matches.rs` (a test checks this), the tables of `docs/search.md` and
//! `api/src/openapi/description.md`; `Column::is_logged`, if its value can change without an entry in the log. A
//! new index is a migration, verified by `tests/it/plans.rs`.
//!
//! To add a parameter of lists, for example a filter `region=`: `resource/query.rs` contains the field of
//! [`resource::ListQuery`] and its part of `matching`, the condition that page, total and index share, and
//! `counted` must not omit the condition. The parameter is added to the fingerprint of the order (`scope` in
//! `api/src/list.rs`), so that no cursor or index of another list is used, and `resource/indexed.rs` must determine
//! from the log which resources enter and leave such a list; a parameter that becomes a part of the
//! [`search::Filter`] requires only the former. In the crate `api`: parse it in `list.rs`, show it in
//! `dto/list.rs`, and add an example.
//!
//! To add an operation that writes: a file in `resource/` with one function that enters `context.gate`, then calls
//! `context.write`; copy `resource/delete.rs`, or `resource/patch.rs` if many callers run the operation at the same
//! time. In the crate `api`: a function in `routes/write.rs` that runs it to its end and audits its changes under a
//! separate action, the first argument of `audit`, and a method with its text in each `routes/` file that serves
//! the path. The change type in the log follows from the difference (`Write::logged` in `store/write.rs`); a new
//! value of `change` is a variant of [`change::ChangeType`], and of `ChangeKind` in `dto/change.rs`, with its line
//! in `docs/changes.md`.

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
