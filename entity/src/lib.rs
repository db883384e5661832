//! The tables of the fleet as SeaORM entities, one file each.
//!
//! A model is only a row: the mapping of the row to its transfer object decides which fields a client sees and in
//! which form. To add a column: a migration, the field here, and the code that destructures the model, which does
//! not compile until each place handles the column.

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
