//! Exact counts of clusters and node pools, maintained by triggers.
//!
//! Counting a million rows takes tens of milliseconds, for every list. Triggers keep the count exact for all
//! writers, including cascades and bulk loads. On PostgreSQL a count is divided into shards selected by the
//! connection; otherwise, all creates of the fleet would wait for one row.

use crate::schema;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer};
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const POSTGRES_FUNCTION: &str = "
    CREATE FUNCTION count_resources() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE change bigint;
    BEGIN
        SELECT CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END INTO change FROM changed;
        IF change <> 0 THEN
            INSERT INTO resource_counts AS counts (kind, shard, count)
            VALUES (TG_ARGV[0], pg_backend_pid() % 64, change)
            ON CONFLICT (kind, shard) DO UPDATE SET count = counts.count + excluded.count;
        END IF;
        RETURN NULL;
    END $$";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("resource_counts")
            .col(schema::text(manager, "kind").not_null())
            .col(integer("shard"))
            .col(big_integer("count"))
            .primary_key(Index::create().col("kind").col("shard"))
            .take();
        manager.create_table(table).await?;
        schema::fill(manager, "resource_counts", 10).await?;
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        if postgres {
            manager.get_connection().execute_unprepared(POSTGRES_FUNCTION).await?;
        }
        for (kind, table) in schema::RESOURCES {
            for (event, change) in [("insert", 1), ("delete", -1)] {
                let trigger = if postgres {
                    postgres_trigger(kind, table, event)
                } else {
                    sqlite_trigger(kind, table, event, change)
                };
                manager.get_connection().execute_unprepared(&trigger).await?;
            }
            let existing = format!("INSERT INTO resource_counts SELECT '{kind}', 0, count(*) FROM {table}");
            manager.get_connection().execute_unprepared(&existing).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        for (_, table) in schema::RESOURCES {
            for event in ["insert", "delete"] {
                let on = if postgres { format!(" ON {table}") } else { String::new() };
                let statement = format!("DROP TRIGGER {table}_count_{event}{on}");
                manager.get_connection().execute_unprepared(&statement).await?;
            }
        }
        if postgres {
            manager.get_connection().execute_unprepared("DROP FUNCTION count_resources").await?;
        }
        schema::drop(manager, "resource_counts").await
    }
}

fn postgres_trigger(kind: &str, table: &str, event: &str) -> String {
    let rows = if event == "insert" { "NEW" } else { "OLD" };
    format!(
        "CREATE TRIGGER {table}_count_{event} AFTER {event} ON {table}
         REFERENCING {rows} TABLE AS changed
         FOR EACH STATEMENT EXECUTE FUNCTION count_resources('{kind}')"
    )
}

fn sqlite_trigger(kind: &str, table: &str, event: &str, change: i8) -> String {
    format!(
        "CREATE TRIGGER {table}_count_{event} AFTER {event} ON {table} BEGIN
             INSERT INTO resource_counts (kind, shard, count) VALUES ('{kind}', 0, {change})
             ON CONFLICT (kind, shard) DO UPDATE SET count = count + excluded.count;
         END"
    )
}
