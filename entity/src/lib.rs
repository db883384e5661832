//! The tables of the fleet as SeaORM entities, one file each.
//!
//! A model is only a row. `service/src/store/row.rs` converts it to a `Resource`, and `api/src/dto/resource.rs` decides
//! which fields a client sees. To add a column, see `service/src/lib.rs`.

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
