//! What the system of record does: it keeps clusters and node pools, takes the adapters' reports, and
//! aggregates them into one status per resource. It knows no HTTP.
//!
//! How it is built:
//! - Deciding is pure. Classifying a report ([`status::classify`]), aggregating reports
//!   ([`status::aggregate`]) and parsing a search ([`search`]) touch no database and read no clock.
//! - A write is a [`Write`]: a value that holds what is asked and runs inside one transaction, in the order
//!   lock, read, decide, write. [`Db::write`] commits before it answers and repeats it where the database
//!   asks for that.
//! - A read goes through [`Context::read`], which knows where it may run. What is measured is in [`metrics`].
//! - A statement or a transaction takes its turn at a [`Pool`], which keeps a reserve for standstills.
//! - Rows are locked parent first, then children by id. Whoever keeps to that order cannot deadlock.
//! - Clusters and node pools share one path. What differs is said by [`Kind`].
//! - How the engines differ is said by [`Dialect`]; statements that only one of them has say so.
//!
//! To add a field to a resource: a migration and an entity field, then [`Resource`]; the mapping in
//! `resource/store/row.rs` and the transfer object in the `api` crate stop compiling until both have it.

pub mod idempotency;
pub mod list;
pub mod metrics;
pub mod resource;
pub mod search;
pub mod spec_schema;
pub mod status;

mod clock;
mod context;
mod db;
mod dialect;
mod error;
mod id;
mod kind;
mod lookup;
mod name;
mod replica;
mod totals;
mod turn;

pub use clock::Clock;
pub use context::{Context, Settings};
pub use db::{Connect, Db, Pool, Scope, Size, Write};
pub use dialect::Dialect;
pub use error::{Error, FieldError, Outcome, Result};
pub use id::{created_time, id_floor, new_id};
pub use kind::{BASE_PATH, Kind};
pub use name::{AdapterName, Labels, ResourceName};
pub use replica::Freshness;
pub use resource::Resource;
