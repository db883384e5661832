//! Definitions that several migrations share.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, timestamp_with_time_zone, uuid};
use sea_orm_migration::sea_orm::DbBackend;

/// The kinds of resources and their tables.
pub(crate) const RESOURCES: [(&str, &str); 2] = [("Cluster", "clusters"), ("NodePool", "node_pools")];

/// Returns a text column ordered by its bytes. SQLite compares bytes by default; PostgreSQL would use the locale
/// with which the database was created.
pub(crate) fn text(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text();
    if manager.get_database_backend() == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}

/// Returns an index of a table on `columns`.
pub(crate) fn index(
    name: impl Into<String>,
    table: &'static str,
    columns: &[&'static str],
) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(table).take();
    for column in columns {
        index.col(*column);
    }
    index
}

/// Adds the columns that clusters and node pools share.
pub(crate) fn resource_columns(manager: &SchemaManager<'_>, table: &mut TableCreateStatement) {
    let required = |name| text(manager, name).not_null().take();
    table
        .col(uuid("id").primary_key())
        .col(required("name"))
        .col(big_integer("generation"))
        .col(big_integer("revision"))
        .col(required("spec"))
        .col(required("labels"))
        .col(required("phase"))
        .col(big_integer("observed_generation"))
        .col(timestamp_with_time_zone("status_updated_time"))
        .col(timestamp_with_time_zone("status_transition_time"))
        .col(required("conditions"))
        .col(required("adapters"))
        .col(boolean("reconciled"))
        .col(timestamp_with_time_zone("reconciled_updated_time"))
        .col(big_integer("reconciled_bucket"))
        .col(timestamp_with_time_zone("created_time"))
        .col(timestamp_with_time_zone("updated_time"))
        .col(ColumnDef::new("deleted_time").timestamp_with_time_zone())
        .col(required("created_by"))
        .col(required("updated_by"))
        .col(text(manager, "deleted_by"));
}

/// Creates the indexes that clusters and node pools share. None is on a column that every report changes. Those
/// that serve an order end with `id`, as every order does.
pub(crate) async fn resource_indexes(manager: &SchemaManager<'_>, table: &'static str) -> Result<(), DbErr> {
    for column in ["name", "phase", "reconciled", "reconciled_bucket", "updated_time"] {
        manager.create_index(index(format!("{table}_{column}_id"), table, &[column, "id"])).await?;
    }
    let finalizing = index(format!("{table}_deleted_time"), table, &["deleted_time"])
        .cond_where(Expr::col("deleted_time").is_not_null())
        .take();
    manager.create_index(finalizing).await
}

/// Adds two columns, computed from `owner_type` and `owner_id`, that relate a row to a resource of either kind by
/// foreign keys: the database removes the row with its owner, and rejects rows without an owner.
pub(crate) fn owner_columns(
    manager: &SchemaManager<'_>,
    table: &mut TableCreateStatement,
    name: &'static str,
) {
    table.col(uuid("owner_id")).col(text(manager, "owner_type").not_null());
    for (column, kind, owner) in
        [("cluster_id", "Cluster", "clusters"), ("node_pool_id", "NodePool", "node_pools")]
    {
        let computed =
            format!("GENERATED ALWAYS AS (CASE WHEN owner_type = '{kind}' THEN owner_id END) STORED");
        table.col(ColumnDef::new(column).uuid().extra(computed)).foreign_key(
            ForeignKey::create()
                .name(format!("{name}_{column}"))
                .from(name, column)
                .to(owner, "id")
                .on_delete(ForeignKeyAction::Cascade),
        );
    }
    table.check(Expr::cust("owner_type IN ('Cluster', 'NodePool')"));
}

/// Creates the indexes for the foreign keys of [`owner_columns`], which the removal of an owner uses.
pub(crate) async fn owner_indexes(manager: &SchemaManager<'_>, table: &'static str) -> Result<(), DbErr> {
    for column in ["cluster_id", "node_pool_id"] {
        let index = index(format!("{table}_{column}"), table, &[column])
            .cond_where(Expr::col(column).is_not_null())
            .take();
        manager.create_index(index).await?;
    }
    Ok(())
}

/// Limits inserts to `percent` of the space of each page. The rest is left to new versions of its rows, so that a
/// status report finds space beside the old version and does not update an index. PostgreSQL only; SQLite updates
/// in place.
pub(crate) async fn fill(manager: &SchemaManager<'_>, table: &'static str, percent: u8) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        let statement = format!("ALTER TABLE {table} SET (fillfactor = {percent})");
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// Drops a table.
pub(crate) async fn drop(manager: &SchemaManager<'_>, table: &'static str) -> Result<(), DbErr> {
    manager.drop_table(Table::drop().table(table).take()).await
}

/// Drops a column.
pub(crate) async fn drop_column(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: &'static str,
) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).drop_column(column).take()).await
}
