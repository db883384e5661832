//! The system of record: it keeps clusters and node pools, takes the adapters' reports, and aggregates them into one
//! status per resource. It knows no HTTP.
//!
//! Three layers; imports point downwards only, and items are imported from the module that defines them:
//!
//! | layer | modules | what it is |
//! |---|---|---|
//! | operations | [`resource`], [`idempotency`], [`reconciliation`], [`context`] | what can be done, one file each |
//! | storage | `store` | the only SQL, and the only place that tells the tables apart |
//! | domain | [`status`], [`search`], [`list`], [`spec_schema`], [`kind`], [`name`], [`id`], `field`, [`error`] | pure: no database, no clock, no `async` |
//! | database | [`db`], [`dialect`], `batch`, `gate` | connections, transactions, measurement; knows nothing of resources |
//!
//! How it is built:
//! - Deciding is pure. Classifying a report ([`status::classify()`]), aggregating reports ([`status::aggregate()`])
//!   and parsing a search ([`search`]) touch no database and read no clock.
//! - A write locks, reads, decides and saves, inside [`context::Context`]`::write`, which commits before it answers
//!   and runs the work again where the database asks for that. Whatever becomes of a resource goes through
//!   `store::save`, which gets the state before and after.
//! - Reads of single resources, creates and reports that arrive together are handled together (`batch`): one
//!   statement or one commit for many.
//! - Writes to one resource line up in the process before they take a connection (`gate`), so that a locked row delays
//!   only writes to it.
//! - Rows are locked parent first, then children by id, so that writes cannot deadlock.
//! - Clusters and node pools share one path. In what they differ is written in [`kind`].
//! - How the engines differ is data in [`dialect`].
//!
//! To add a field to clusters and node pools, for example `region text`:
//! 1. a migration, and the column in the two entities (crates `migration` and `entity`);
//! 2. `resource/mod.rs`: the field of [`resource::Resource`];
//! 3. `store/row.rs`: its column, in both directions. This does not compile until it is done. Updates write it
//!    without further ado;
//! 4. `resource/create.rs`: its first value;
//! 5. `field.rs`, if it can be searched and ordered by: one line;
//! 6. `dto/resource.rs` in the crate `api`: whether it is public. This does not compile until it is decided.
//!
//! To add an operation that writes: a file in `resource/` with one function that calls `context.write`, and a route
//! in the crate `api`.

pub mod clock;
pub mod context;
pub mod db;
pub mod dialect;
pub mod error;
pub mod id;
pub mod idempotency;
pub mod kind;
pub mod list;
pub mod metrics;
pub mod name;
pub mod reconciliation;
pub mod resource;
pub mod search;
pub mod spec_schema;
pub mod status;

mod batch;
mod field;
mod gate;
mod store;

pub use clock::Clock;
pub use context::{Context, Settings};
pub use db::{Connect, Consistency, Db};
pub use dialect::Dialect;
pub use error::{Error, FieldError, Result};
pub use id::{created_time, id_floor, new_id};
pub use kind::{BASE_PATH, Kind, PerKind};
pub use name::{AdapterName, Labels, ResourceName};
pub use resource::Resource;
