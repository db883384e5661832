//! Node pools. Each belongs to a cluster, which cannot be removed before it. A name is unique among the node pools
//! of the cluster that are not marked for deletion.

use crate::schema;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::uuid;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create().table("node_pools").take();
        schema::resource_columns(manager, &mut table);
        table.col(uuid("owner_id")).foreign_key(
            ForeignKey::create()
                .name("node_pools_owner_id")
                .from("node_pools", "owner_id")
                .to("clusters", "id")
                .on_delete(ForeignKeyAction::Restrict),
        );
        manager.create_table(table).await?;
        let name = schema::index("node_pools_live_name", "node_pools", &["owner_id", "name"])
            .unique()
            .cond_where(Expr::col("deleted_time").is_null())
            .take();
        manager.create_index(name).await?;
        let owner = schema::index("node_pools_owner_id_id", "node_pools", &["owner_id", "id"]);
        manager.create_index(owner).await?;
        schema::resource_indexes(manager, "node_pools").await?;
        schema::fill(manager, "node_pools", 60).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "node_pools").await
    }
}
