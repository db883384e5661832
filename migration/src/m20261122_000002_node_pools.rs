//! Node pools. Each belongs to a cluster, which cannot go before it; names are unique within the cluster.

use crate::schema;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create().table(Alias::new("node_pools")).take();
        schema::resource_columns(manager, &mut table);
        table.col(schema::uuid("owner_id")).foreign_key(
            ForeignKey::create()
                .name("node_pools_owner_id")
                .from(Alias::new("node_pools"), Alias::new("owner_id"))
                .to(Alias::new("clusters"), Alias::new("id"))
                .on_delete(ForeignKeyAction::Restrict),
        );
        manager.create_table(table).await?;
        let name = Index::create()
            .name("node_pools_live_name")
            .table(Alias::new("node_pools"))
            .col(Alias::new("owner_id"))
            .col(Alias::new("name"))
            .unique()
            .cond_where(Expr::col("deleted_time").is_null())
            .take();
        manager.create_index(name).await?;
        let owner = Index::create()
            .name("node_pools_owner_id_id")
            .table(Alias::new("node_pools"))
            .col(Alias::new("owner_id"))
            .col(Alias::new("id"))
            .take();
        manager.create_index(owner).await?;
        schema::resource_indexes(manager, "node_pools").await?;
        schema::fill(manager, "node_pools", 60).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "node_pools").await
    }
}
