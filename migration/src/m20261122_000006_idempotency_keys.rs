//! Idempotency keys: the answers to creates that contained one, so that any replica can repeat them.

use crate::schema;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::timestamp_with_time_zone;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let required = |name| schema::text(manager, name).not_null().take();
        let table = Table::create()
            .table("idempotency_keys")
            .col(required("caller"))
            .col(required("key"))
            .col(required("request_digest"))
            .col(schema::text(manager, "answer"))
            .col(timestamp_with_time_zone("claimed_time"))
            .col(timestamp_with_time_zone("expires_time"))
            .primary_key(Index::create().col("caller").col("key"))
            .take();
        manager.create_table(table).await?;
        let expiry = schema::index("idempotency_keys_expires_time", "idempotency_keys", &["expires_time"]);
        manager.create_index(expiry).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "idempotency_keys").await
    }
}
