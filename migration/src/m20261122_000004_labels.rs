//! Labels, for searches. The index ends with the owner, whose order is the default order of lists.

use crate::schema;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create().table("labels").take();
        schema::owner_columns(manager, &mut table, "labels");
        table
            .col(schema::text(manager, "key").not_null())
            .col(schema::text(manager, "value").not_null())
            .primary_key(Index::create().col("owner_id").col("key"));
        manager.create_table(table).await?;
        schema::owner_indexes(manager, "labels").await?;
        let search = schema::index("labels_search", "labels", &["owner_type", "key", "value", "owner_id"]);
        manager.create_index(search).await?;
        // If the table was dropped before, resources still contain their labels as a document.
        let each = match manager.get_database_backend() {
            DbBackend::Postgres => "json_each_text(CAST(labels AS json))",
            _ => "json_each(labels)",
        };
        for (kind, table) in schema::RESOURCES {
            let fill = format!(
                "INSERT INTO labels (owner_id, owner_type, key, value)
                 SELECT {table}.id, '{kind}', label.key, label.value FROM {table}, {each} AS label"
            );
            manager.get_connection().execute_unprepared(&fill).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "labels").await
    }
}
