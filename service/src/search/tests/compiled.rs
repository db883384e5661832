//! The compiled SQL: literals are bound, and the indexes can be used.

use sea_orm::sea_query::{
    Alias, Asterisk, Expr, PostgresQueryBuilder, Query, SqliteQueryBuilder, Value, Values,
};

use super::{CLUSTERS, NODE_POOLS, filter};
use crate::dialect::Dialect;
use crate::list::collection::Collection;
use crate::search::condition;
use crate::search::scan::{AccessPath, IdBound, Scan};
use crate::search::sql::finders;

fn built(text: &str, collection: Collection, dialect: Dialect) -> (String, Values) {
    let mut select = Query::select();
    select.column(Asterisk).from(Alias::new("t")).cond_where(condition(
        &filter(text),
        collection,
        dialect,
        Scan::default(),
    ));
    let (sql, values) = match dialect {
        Dialect::Sqlite => select.build(SqliteQueryBuilder),
        Dialect::Postgres => select.build(PostgresQueryBuilder),
    };
    let sql = sql.strip_prefix(r#"SELECT * FROM "t" WHERE "#).expect("a condition").replace('"', "");
    (sql, values)
}

#[track_caller]
fn compiles(text: &str, expected: &str) {
    assert_eq!(built(text, CLUSTERS, Dialect::Postgres).0, expected, "`{text}`");
}

const ID: &str = "01900000-0000-7000-8000-000000000001";

#[test]
fn literals_are_never_part_of_the_sql() {
    let hostile = "x'') or (1=1) --";
    let fields =
        ["id", "name", "kind", "href", "owner_id", "labels.a", "spec.a", "status.conditions.A.reason"];
    for field in fields {
        for text in [
            format!("{field} = '{hostile}'"),
            format!("{field} in ('{hostile}', 'b')"),
            format!("{field} like '{hostile}%'"),
            format!("{field} between '{hostile}' and 'z'"),
        ] {
            for collection in [CLUSTERS, NODE_POOLS] {
                for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                    let (sql, _) = built(&text, collection, dialect);
                    assert!(!sql.contains("1=1"), "{text}: {sql}");
                }
            }
        }
    }
    let (sql, values) = built("labels.secret-key = 'secret'", CLUSTERS, Dialect::Sqlite);
    assert!(!sql.contains("secret"), "{sql}");
    assert_eq!(values.0, ["Cluster", "secret-key", "secret"].map(Value::from));
}

#[test]
fn a_label_is_a_semi_join_and_its_negation_an_anti_join() {
    let rows = "FROM labels WHERE labels.owner_type = $1 AND labels.key = $2 AND labels.value = $3";
    compiles("labels.a = 'x'", &format!("clusters.id IN (SELECT labels.owner_id {rows})"));
    let owner = "AND labels.owner_id = clusters.id";
    compiles("labels.a != 'x'", &format!("NOT EXISTS(SELECT labels.owner_id {rows} {owner})"));
}

#[test]
fn ids_are_compared_as_ids() {
    compiles(&format!("id = '{ID}'"), "clusters.id = $1");
    compiles(&format!("id in ('{ID}', 'none')"), "clusters.id = $1");
    compiles("id = 'none'", "FALSE");
    compiles(&format!("id = '{}'", ID.replace('-', "")), "FALSE");
    compiles("id != 'none'", "NOT FALSE");
    compiles(&format!("owner_id = '{ID}'"), "FALSE");
    let (sql, _) = built(&format!("owner_id = '{ID}'"), NODE_POOLS, Dialect::Postgres);
    assert_eq!(sql, "node_pools.owner_id = $1");
    let (sql, _) = built(&format!("href = '/x/{ID}'"), CLUSTERS, Dialect::Postgres);
    assert!(sql.starts_with("clusters.id = $1 AND "), "{sql}");
}

#[test]
fn created_time_is_a_range_of_ids() {
    compiles("created_time > '2026-01-31T12:00:00Z'", "clusters.id >= $1");
    let day = "'2026-01-31T00:00:00Z' and '2026-02-01T00:00:00Z'";
    compiles(&format!("created_time between {day}"), "clusters.id >= $1 AND clusters.id < $2");
    compiles(
        "created_time = '2026-01-31T12:00:00Z'",
        "clusters.created_time = $1 AND (clusters.id >= $2 AND clusters.id < $3)",
    );
    compiles("created_time is null", "FALSE");
}

#[test]
fn reconciled_has_columns_of_its_own() {
    compiles("status.conditions.Reconciled = 'True'", "clusters.reconciled = TRUE");
    compiles("status.conditions.Reconciled != 'True'", "clusters.reconciled = FALSE");
    compiles("status.conditions.Reconciled in ('False', 'Unknown')", "clusters.reconciled = FALSE");
    compiles("status.conditions.Reconciled = 'Unknown'", "FALSE");
    compiles("status.conditions.Reconciled not in ('Unknown')", "TRUE");
    compiles(
        "status.conditions.Reconciled.last_updated_time < '2026-01-31T12:00:00Z'",
        "clusters.reconciled_updated_time < $1 AND clusters.reconciled_bucket < $2",
    );
    let text = "status.conditions.Reconciled.last_updated_time >= '1970-01-01T00:20:00Z'";
    let (sql, values) = built(text, CLUSTERS, Dialect::Postgres);
    assert_eq!(sql, "clusters.reconciled_updated_time >= $1 AND clusters.reconciled_bucket >= $2");
    assert_eq!(values.0[1], Value::from(2_i64));
}

#[test]
fn negation_counts_missing_values_in() {
    compiles("deleted_by = 'a'", "clusters.deleted_by = $1");
    compiles("deleted_by != 'a'", "(clusters.deleted_by = $1) IS NOT TRUE");
    compiles("deleted_time is null", "clusters.deleted_time IS NULL");
    compiles("deleted_time is not null", "clusters.deleted_time IS NOT NULL");
    compiles("not generation > 5", "NOT clusters.generation > $1");
}

#[test]
fn the_rest_of_the_statement_cannot_be_escaped() {
    let found = condition(&filter("name='a' or name='b'"), NODE_POOLS, Dialect::Sqlite, Scan::default());
    let mut select = Query::select();
    select.column(Asterisk).from(Alias::new("t")).cond_where(Expr::cust("mine")).cond_where(found);
    let (sql, _) = select.build(SqliteQueryBuilder);
    assert!(sql.ends_with(r#"(mine) AND ("node_pools"."name" = ? OR "node_pools"."name" = ?)"#), "{sql}");
}

#[test]
fn labels_are_looked_up_as_the_rows_are_read() {
    let collection = CLUSTERS;
    let sql = |dialect, scan| {
        let mut select = Query::select();
        let condition =
            condition(&filter("labels.env='x' and not labels.tier='y'"), collection, dialect, scan);
        select.column(Asterisk).from(Alias::new("t")).cond_where(condition);
        select.to_string(PostgresQueryBuilder).replace('"', "")
    };
    let id = uuid::Uuid::max();
    let beyond = || Scan { beyond: Some(IdBound::Below(id)), path: AccessPath::Any };
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let bound = format!("labels.value = 'x' AND labels.owner_id < '{id}')");
        assert_eq!(sql(dialect, beyond()).matches(&bound).count(), 1, "{}", sql(dialect, beyond()));
        assert_eq!(sql(dialect, beyond()).matches("owner_id <").count(), 1, "a negation has no need of it");
    }
    let in_order = Scan { beyond: None, path: AccessPath::InOrder { by_id: true } };
    assert!(
        sql(Dialect::Sqlite, in_order).starts_with("SELECT * FROM t WHERE EXISTS(SELECT labels.owner_id")
    );
}

#[test]
fn each_part_that_an_index_answers_can_lead_to_the_rows() {
    let found_by = |text: &str, beyond| -> Vec<String> {
        let finders = finders(&filter(text), CLUSTERS, Dialect::Sqlite, (false, beyond));
        finders.iter().map(|finder| finder.to_string(SqliteQueryBuilder).replace('"', "")).collect()
    };
    let beyond = Some(IdBound::Above(uuid::Uuid::nil()));
    let found = found_by("labels.tier='gold' and (name='a' and not labels.env='x') and spec.a=1", beyond);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("SELECT labels.owner_id FROM labels WHERE"), "{found:?}");
    assert!(found[0].contains(" AND labels.owner_id > "), "{found:?}");
    assert!(found[1].starts_with("SELECT clusters.id FROM clusters WHERE clusters.name = 'a'"), "{found:?}");
    assert!(found[1].contains(" AND clusters.id > "), "{found:?}");
    for text in [
        "id='x'",
        "status.phase='Ready'",
        "status.conditions.Reconciled='True'",
        "status.conditions.Reconciled.last_updated_time < '2020-01-01T00:00:00Z'",
        "created_time > '2020-01-01T00:00:00Z'",
        "updated_time between '2020-01-01T00:00:00Z' and '2020-01-02T00:00:00Z'",
    ] {
        assert_eq!(found_by(text, None).len(), 1, "{text}");
    }
    for text in ["name='a' or name='b'", "not name='a'", "name like 'a%'", "created_by='a'", "generation=1"] {
        assert_eq!(found_by(text, None), [""; 0], "{text}");
    }
    let ids = found_by("name='a'", None).remove(0);
    let filter = filter("name='a' and labels.env='x'");
    let found = finders(&filter, CLUSTERS, Dialect::Sqlite, (false, None)).remove(0);
    let scan = Scan { beyond: None, path: AccessPath::Ids(Box::new(found)) };
    let mut select = Query::select();
    select.from("t").cond_where(condition(&filter, CLUSTERS, Dialect::Sqlite, scan));
    let sql = select.to_string(SqliteQueryBuilder).replace('"', "");
    assert!(sql.contains(&format!("clusters.id IN ({ids}) AND (clusters.name = 'a' AND EXISTS(")), "{sql}");
    assert!(sql.ends_with(") IS TRUE"), "{sql}");
}
