//! The system of record: stores clusters, node pools and the reports of adapters, and aggregates the reports into
//! one status per resource. This crate does not depend on HTTP.
//!
//! The crate has layers. Imports point downwards only (a test checks this), and items are imported from the module
//! that defines them:
//!
//! | layer | modules | contents |
//! |---|---|---|
//! | operations | [`resource`] (one file per operation), [`change`] (the log and its followers), [`idempotency`], [`reconciliation`], [`metrics`], [`context`] | the operations that callers use |
//! | storage | `store` | all statements; only these files distinguish the row types |
//! | domain | [`model`], [`status`], [`search`], [`list`], [`spec_schema`], [`kind`], [`name`], [`id`], [`clock`], `field`, `digest`, `change/{record,position,seen}.rs` | pure: no database, no reading of the clock, no `async` |
//! | database | [`db`], [`dialect`], [`error`], `batch`, `gate`, [`memory`] | connections, transactions, metrics, limits; independent of resources |
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
//! - The SQL that differs between the engines is data in [`dialect`]; connections and transactions are in [`db`].
//!
//! To add a column to clusters and node pools, for example `region text`:
//! 1. a new migration (`migration`; `schema.rs` describes the first version of the tables and does not change) that makes
//!    the column nullable or gives it a default, because the previous version still inserts rows; and the field in the
//!    two entities (`entity`);
//! 2. `model.rs`: the field of [`model::Resource`], with a serde default, because the log of changes contains
//!    resources written by the previous version, and in `differs_only_in_status`;
//! 3. `store/row.rs`: the field and the column, in the list of equal names;
//! 4. `change/record.rs`, `PreviousState`: the value before a change, if it can change, with a serde default;
//! 5. `resource/create.rs`: the initial value; and `resource/request.rs`, `resource/patch.rs` and `dto/request.rs` if
//!    clients set it;
//! 6. `dto/resource.rs` in the crate `api`: whether the column is public. If it is: its example in
//!    `openapi/examples.json`, then `api/openapi.json`, and `docs/`.
//!
//! The code does not compile until each of the steps 2 to 6 is done. If the column can be searched and ordered by:
//! a line in `field.rs`, its value in `search/matches.rs` (a test checks this), the tables of `docs/search.md` and
//! `api/src/openapi/description.md`; `Column::is_in_change_log`, if its value can change without an entry in the log;
//! `Column::is_indexed` and a migration, if it has an index (`tests/it/plans.rs` verifies its use).
//!
//! To add a filter to lists, for example `region=`: express it as a part of the [`search::Filter`], with a new function
//! in `search/filter.rs` that combines it with the search. Lists, totals, indexes and followers then need no change.
//! `ListRequest::parse` in `api/src/list.rs` parses the parameter, for lists of resources only, and adds it to `scope` if
//! it is present: an entry that is always there would make all existing cursors invalid. `dto/list.rs` describes it. A
//! condition outside of the filter must also be added to `ListSource` in `store/list.rs`, to `keys` and `is_indexed` in
//! `resource/indexed.rs`, and to `Scope` in `change/feed.rs`.
//!
//! To add an operation that writes: a file in `resource/` with one function that enters the gate of the resource
//! (`context.gate.enter(target.id)`, or `context.enter_cluster` if it can remove resources), then calls
//! `context.write`. Start from `run_single` in `resource/patch.rs`, or from all of that file if many callers run the
//! operation at the same time. In the crate `api`: a function in `routes/write.rs` that runs it to completion and audits
//! its changes under a separate action, the first argument of `audit`, and a method with its text in each `routes/` file
//! that serves the path. The change type in the log follows from the difference (`Write::change_type` in
//! `store/write.rs`); a new value of `change` is a variant of [`change::ChangeType`], and of `ChangeKind` in
//! `dto/change.rs`, with its line in `docs/changes.md`.
//!
//! To add a kind of resource: the entity, and a migration for its table, its indexes and its counts (`labels` and
//! `adapter_statuses` have a generated column per kind and a check of `owner_type`, which must be rebuilt); [`kind`];
//! `with_entity!` and `rows!` in `store/row.rs`; the SQL for children in `store/resources.rs` and `store/reports.rs`, if
//! it is a child; `href` in `search/operand.rs`; the table in `db/statements.rs`. In the crate `api`: `dto/resource.rs`,
//! `dto/request.rs`, `AnyResource` in `dto/change.rs`, its `routes/`, `openapi.rs`, the setting of its required adapters,
//! and `demo.rs`.

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
