//! The log of changes: what happened to clusters and node pools, in an order that can be followed.
//!
//! No foreign keys, since changes outlive the resources, and no index but that of the numbers: it is written in the
//! transaction of every change.

use crate::schema;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let required = |name| schema::text(manager, name).not_null().take();
        // SQLite must not give a number twice, not even that of a row that was removed.
        let seq =
            ColumnDef::new(Alias::new("seq")).big_integer().not_null().auto_increment().primary_key().take();
        let changes = Table::create()
            .table(Alias::new("changes"))
            .col(seq)
            .col(required("kind"))
            .col(schema::uuid("resource_id"))
            .col(ColumnDef::new(Alias::new("owner_id")).uuid())
            .col(required("change"))
            .col(schema::time("changed_time"))
            .col(required("changed_by"))
            .col(required("document"))
            .col(schema::text(manager, "before"))
            .take();
        manager.create_table(changes).await?;
        let log = Table::create()
            .table(Alias::new("change_log"))
            .col(ColumnDef::new(Alias::new("id")).big_integer().not_null().primary_key())
            .col(schema::uuid("epoch"))
            .col(schema::number("floor"))
            .check(Expr::cust("id = 1"))
            .take();
        manager.create_table(log).await?;
        let epoch = match manager.get_database_backend() {
            DbBackend::Postgres => "gen_random_uuid()",
            _ => "randomblob(16)",
        };
        let row = format!("INSERT INTO change_log (id, epoch, floor) VALUES (1, {epoch}, 0)");
        manager.get_connection().execute_unprepared(&row).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "change_log").await?;
        schema::drop(manager, "changes").await
    }
}
