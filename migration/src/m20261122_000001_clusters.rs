//! Clusters. A name is unique among the clusters that are not marked for deletion.

use crate::schema;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create().table("clusters").take();
        schema::resource_columns(manager, &mut table);
        manager.create_table(table).await?;
        let name = schema::index("clusters_live_name", "clusters", &["name"])
            .unique()
            .cond_where(Expr::col("deleted_time").is_null())
            .take();
        manager.create_index(name).await?;
        schema::resource_indexes(manager, "clusters").await?;
        schema::fill(manager, "clusters", 60).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "clusters").await
    }
}
