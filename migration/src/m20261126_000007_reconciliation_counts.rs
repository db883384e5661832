//! The number of unreconciled resources, counted by one replica for all. Only versions without the column
//! `reconciled_since` use it; the table can be dropped once none of them runs beside this version.
//!
//! Counting reads every unreconciled resource. With many replicas, each would repeat it for its own metrics; with
//! this table, one of them stores the result and the time of the next count.

use crate::schema;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, timestamp_with_time_zone};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The initial rows: not counted yet, and due.
const ROWS: &str = "
    INSERT INTO reconciliation_counts (kind, is_delete, pending, stuck, due_time) VALUES
    ('Cluster', FALSE, 0, 0, '1970-01-01T00:00:00+00:00'), ('Cluster', TRUE, 0, 0, '1970-01-01T00:00:00+00:00'),
    ('NodePool', FALSE, 0, 0, '1970-01-01T00:00:00+00:00'), ('NodePool', TRUE, 0, 0, '1970-01-01T00:00:00+00:00')";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("reconciliation_counts")
            .col(schema::text(manager, "kind").not_null())
            .col(boolean("is_delete"))
            .col(big_integer("pending"))
            .col(big_integer("stuck"))
            .col(ColumnDef::new("stuck_since").timestamp_with_time_zone())
            .col(timestamp_with_time_zone("due_time"))
            .primary_key(Index::create().col("kind").col("is_delete"))
            .take();
        manager.create_table(table).await?;
        manager.get_connection().execute_unprepared(ROWS).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "reconciliation_counts").await
    }
}
