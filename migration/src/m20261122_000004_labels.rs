//! Labels, for search. The index ends in the owner, whose order is the default order of lists.

use crate::schema;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create().table(Alias::new("labels")).take();
        schema::owner_columns(manager, &mut table, "labels");
        table
            .col(schema::text(manager, "key").not_null())
            .col(schema::text(manager, "value").not_null())
            .primary_key(Index::create().col(Alias::new("owner_id")).col(Alias::new("key")));
        manager.create_table(table).await?;
        schema::owner_indexes(manager, "labels").await?;
        let search = Index::create()
            .name("labels_search")
            .table(Alias::new("labels"))
            .col(Alias::new("owner_type"))
            .col(Alias::new("key"))
            .col(Alias::new("value"))
            .col(Alias::new("owner_id"))
            .take();
        manager.create_index(search).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "labels").await
    }
}
