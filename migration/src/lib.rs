//! The schema of the database for SQLite and PostgreSQL, one concern per file.
//!
//! Migrations are additive: the previous version of the service keeps working during and after a migration. All
//! pending migrations run in one transaction, so that a failure leaves the schema unchanged. Migrations never
//! import the entities, since entities change and a migration must not.
//!
//! To add a migration: a file `m<date>_<number>_<what>.rs`, a line in [`Migrator`], and its reversal in `down`.

mod guard;
mod schema;

mod m20261122_000001_clusters;
mod m20261122_000002_node_pools;
mod m20261122_000003_adapter_statuses;
mod m20261122_000004_labels;
mod m20261122_000005_resource_counts;
mod m20261122_000006_idempotency_keys;
mod m20261126_000007_reconciliation_counts;
mod m20261126_000008_reconciled_since;
mod m20261126_000009_adapter_versions;
mod m20261126_000010_changes;

pub use guard::{down, is_absent, is_known, pending, status, up, up_within, with_file_lock};

use sea_orm_migration::prelude::*;

/// All migrations, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_clusters::Migration),
            Box::new(m20261122_000002_node_pools::Migration),
            Box::new(m20261122_000003_adapter_statuses::Migration),
            Box::new(m20261122_000004_labels::Migration),
            Box::new(m20261122_000005_resource_counts::Migration),
            Box::new(m20261122_000006_idempotency_keys::Migration),
            Box::new(m20261126_000007_reconciliation_counts::Migration),
            Box::new(m20261126_000008_reconciled_since::Migration),
            Box::new(m20261126_000009_adapter_versions::Migration),
            Box::new(m20261126_000010_changes::Migration),
        ]
    }
}
