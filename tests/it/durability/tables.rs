//! Invariants between the tables that must hold whatever was interrupted.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Counts of rows whose owner does not exist.
const ORPHANS: [&str; 3] = [
    "SELECT count(*) FROM node_pools WHERE owner_id NOT IN (SELECT id FROM clusters)",
    "SELECT count(*) FROM adapter_statuses WHERE owner_id NOT IN (SELECT id FROM clusters)
     AND owner_id NOT IN (SELECT id FROM node_pools)",
    "SELECT count(*) FROM labels WHERE owner_id NOT IN (SELECT id FROM clusters)
     AND owner_id NOT IN (SELECT id FROM node_pools)",
];

/// Asserts that the tables are consistent with each other.
pub(super) async fn check(db: &DatabaseConnection) {
    for orphans in ORPHANS {
        assert_eq!(number(db, orphans).await, 0, "{orphans}");
    }
    for (kind, table) in [("Cluster", "clusters"), ("NodePool", "node_pools")] {
        let counted = format!(
            "SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM resource_counts WHERE kind = '{kind}'"
        );
        let there = number(db, &format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(number(db, &counted).await, there, "{table} are counted");
    }
    assert_eq!(labels_as_searched(db).await, labels_as_answered(db).await);
    if db.get_database_backend() == DbBackend::Sqlite {
        let found: String = rows(db, "PRAGMA integrity_check").await[0].try_get_by_index(0).expect("a text");
        assert_eq!(found, "ok");
    }
}

/// Owner, key and value of each label.
type Labels = BTreeSet<(Uuid, String, String)>;

async fn labels_as_searched(db: &DatabaseConnection) -> Labels {
    let rows = rows(db, "SELECT owner_id, key, value FROM labels").await;
    let text = |row: &QueryResult, place| row.try_get_by_index(place).expect("a text");
    rows.iter().map(|row| (row.try_get_by_index(0).expect("an id"), text(row, 1), text(row, 2))).collect()
}

async fn labels_as_answered(db: &DatabaseConnection) -> Labels {
    let mut labels = Labels::new();
    for row in rows(db, "SELECT id, labels FROM clusters UNION ALL SELECT id, labels FROM node_pools").await {
        let id: Uuid = row.try_get_by_index(0).expect("an id");
        let document: String = row.try_get_by_index(1).expect("a text");
        let document: BTreeMap<String, String> = serde_json::from_str(&document).expect("an object of texts");
        labels.extend(document.into_iter().map(|(key, value)| (id, key, value)));
    }
    labels
}

async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    rows(db, sql).await[0].try_get_by_index(0).expect("a number")
}

async fn rows(db: &DatabaseConnection, sql: &str) -> Vec<QueryResult> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    db.query_all_raw(statement).await.expect(sql)
}
