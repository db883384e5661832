//! Adapter statuses: the last accepted report of each adapter about each resource.

use crate::schema;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, timestamp_with_time_zone};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let required = |name| schema::text(manager, name).not_null().take();
        let mut table = Table::create().table("adapter_statuses").take();
        schema::owner_columns(manager, &mut table, "adapter_statuses");
        table
            .col(required("adapter"))
            .col(big_integer("observed_generation"))
            .col(required("conditions"))
            .col(required("data"))
            .col(schema::text(manager, "metadata"))
            .col(timestamp_with_time_zone("created_time"))
            .col(timestamp_with_time_zone("last_report_time"))
            .primary_key(Index::create().col("owner_id").col("adapter"));
        manager.create_table(table).await?;
        schema::owner_indexes(manager, "adapter_statuses").await?;
        schema::fill(manager, "adapter_statuses", 50).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "adapter_statuses").await
    }
}
