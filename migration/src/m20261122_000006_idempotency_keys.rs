//! Idempotency keys: what was answered to creates that carried one, so that any replica repeats it.

use crate::schema;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let required = |name| schema::text(manager, name).not_null().take();
        let table = Table::create()
            .table(Alias::new("idempotency_keys"))
            .col(required("caller"))
            .col(required("key"))
            .col(required("request_digest"))
            .col(schema::text(manager, "answer"))
            .col(schema::time("claimed_time"))
            .col(schema::time("expires_time"))
            .primary_key(Index::create().col(Alias::new("caller")).col(Alias::new("key")))
            .take();
        manager.create_table(table).await?;
        let expiry = Index::create()
            .name("idempotency_keys_expires_time")
            .table(Alias::new("idempotency_keys"))
            .col(Alias::new("expires_time"))
            .take();
        manager.create_index(expiry).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "idempotency_keys").await
    }
}
