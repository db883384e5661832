//! The log of changes: the changes of clusters and node pools, in an order that can be followed.
//!
//! There are no foreign keys, since changes outlive the resources, and no index except that of the numbers, since
//! every change writes to the log in its transaction.

use crate::schema;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, timestamp_with_time_zone, uuid};
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let required = |name| schema::text(manager, name).not_null().take();
        // SQLite must not assign a number twice, not even the number of a removed row.
        let seq = big_integer("seq").auto_increment().primary_key().take();
        let changes = Table::create()
            .table("changes")
            .col(seq)
            .col(required("kind"))
            .col(uuid("resource_id"))
            .col(ColumnDef::new("owner_id").uuid())
            .col(required("change"))
            .col(timestamp_with_time_zone("changed_time"))
            .col(required("changed_by"))
            .col(required("document"))
            .col(schema::text(manager, "before"))
            .take();
        manager.create_table(changes).await?;
        let log = Table::create()
            .table("change_log")
            .col(big_integer("id").primary_key())
            .col(uuid("epoch"))
            .col(big_integer("floor"))
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
