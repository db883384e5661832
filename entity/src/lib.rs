//! The tables of the fleet as SeaORM entities, one file each.
//!
//! A model is a row and nothing else: what of it a client may see, and in which shape, is decided where
//! the row is mapped to its transfer object. To add a column: a migration, the field here, and the places
//! that destructure the model stop compiling until each has decided what the column means to it.

pub mod adapter_status;
pub mod change;
pub mod change_log;
pub mod cluster;
pub mod idempotency_key;
pub mod label;
pub mod node_pool;
pub mod resource_count;

mod json_text;

pub use json_text::JsonText;
