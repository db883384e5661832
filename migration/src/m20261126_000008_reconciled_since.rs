//! The time since which the condition `Reconciled` has its status, so that unreconciled resources can be counted
//! and dated without reading their conditions.
//!
//! Nullable: a version without the column may still write rows.

use crate::schema;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COLUMN: &str = "reconciled_since";

const POSTGRES: &str = "(SELECT CAST(c.value ->> 'last_transition_time' AS timestamptz)
    FROM json_array_elements(CAST(conditions AS json)) AS c WHERE c.value ->> 'type' = 'Reconciled' LIMIT 1)";
/// On SQLite, times are texts with an offset.
const SQLITE: &str = "(SELECT replace(c.value ->> 'last_transition_time', 'Z', '+00:00')
    FROM json_each(conditions) AS c WHERE c.value ->> 'type' = 'Reconciled' LIMIT 1)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let since = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES,
            _ => SQLITE,
        };
        for (_, table) in schema::RESOURCES {
            let column = ColumnDef::new(COLUMN).timestamp_with_time_zone().take();
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
            let fill = format!("UPDATE {table} SET {COLUMN} = {since}");
            manager.get_connection().execute_unprepared(&fill).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (_, table) in schema::RESOURCES {
            schema::drop_column(manager, table, COLUMN).await?;
        }
        Ok(())
    }
}
