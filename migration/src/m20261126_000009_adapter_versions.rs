//! The versions that an adapter reports about itself: of its configuration and of its framework.
//!
//! Nullable: most adapters do not report them, and a version without the columns may still write rows.

use crate::schema;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "adapter_statuses";
const COLUMNS: [&str; 2] = ["adapter_config_version", "adapter_framework_version"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in COLUMNS {
            let column = schema::text(manager, name);
            manager.alter_table(Table::alter().table(TABLE).add_column(column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in COLUMNS {
            schema::drop_column(manager, TABLE, name).await?;
        }
        Ok(())
    }
}
