use crate::{Db, Error};
use metrics::{Histogram, counter, gauge, histogram};
use sea_orm::{DatabaseConnection, DbBackend, DbErr, SqlErr};
use std::time::Instant;

const QUERY_DURATION: &str = "hyperfleet_db_query_duration_seconds";
const POOL_WAIT: &str = "hyperfleet_db_pool_wait_seconds";
const ERRORS: &str = "hyperfleet_db_errors_total";

/// The label `operation` of statements. The last stands for all that is none of the others.
const OPERATIONS: [&str; 5] = ["query", "create", "update", "delete", "raw"];
/// How a statement of each of these operations starts.
const VERBS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];
/// The label `table`. The last stands for all that is none of the others.
const TABLES: [&str; 7] =
    ["clusters", "node_pools", "adapter_statuses", "labels", "resource_counts", "idempotency_keys", "other"];
/// The label `operation` of failures. What failed on its way is known only as reading or writing.
const FAILED_OPERATIONS: [&str; 3] = ["query", "write", "connect"];
/// The label `error_type`.
const ERROR_TYPES: [&str; 4] = ["constraint_violation", "connection_error", "timeout", "other"];

/// Makes the metrics of the database exist.
pub(super) fn register() {
    for error_type in ERROR_TYPES {
        for operation in FAILED_OPERATIONS {
            counter!(ERRORS, "operation" => operation, "error_type" => error_type).increment(0);
        }
    }
    counter!("hyperfleet_db_retries_total").increment(0);
    let _ = (durations(), histogram!(POOL_WAIT));
}

/// One series for each operation on each table, so that a statement need not look its series up by name.
fn durations() -> [[Histogram; TABLES.len()]; OPERATIONS.len()] {
    OPERATIONS.map(|operation| {
        TABLES.map(|table| histogram!(QUERY_DURATION, "operation" => operation, "table" => table))
    })
}

/// Measures every statement of `connection` and of its transactions.
pub(crate) fn observe(connection: &mut DatabaseConnection) {
    let durations = durations();
    connection.set_metric_callback(move |info| {
        let (operation, table) = classified(&info.statement.sql);
        durations[operation][table].record(info.elapsed.as_secs_f64());
    });
}

/// Where a statement stands in [`OPERATIONS`] and [`TABLES`]: by its first word, and by the first table it
/// names in quotes, as the query builder writes them.
fn classified(sql: &str) -> (usize, usize) {
    let operation = VERBS.iter().position(|verb| sql.starts_with(verb)).unwrap_or(VERBS.len());
    let before: &[&str] = match OPERATIONS[operation] {
        "query" | "delete" => &[" FROM \""],
        "create" => &["INTO \""],
        "update" => &["UPDATE \""],
        _ => &[" FROM \"", "INTO \"", "UPDATE \""],
    };
    let named = before.iter().filter_map(|before| {
        let at = sql.find(before)?;
        Some((at, sql[at + before.len()..].split('"').next()?))
    });
    let first = named.min_by_key(|(at, _)| *at).map_or("", |(_, table)| table);
    (operation, TABLES.iter().position(|table| *table == first).unwrap_or(TABLES.len() - 1))
}

/// What failed, as far as the database's own error tells.
pub(crate) struct Failure {
    operation: &'static str,
    constraint: bool,
}

impl Failure {
    /// Of an error about to become one of ours.
    pub(crate) fn of(error: &DbErr) -> Self {
        let constraint = matches!(
            error.sql_err(),
            Some(SqlErr::UniqueConstraintViolation(_) | SqlErr::ForeignKeyConstraintViolation(_))
        );
        let operation = match error {
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => "connect",
            DbErr::Exec(_) => "write",
            // A write that returns rows fails as a query does.
            _ if constraint => "write",
            _ => "query",
        };
        Self { operation, constraint }
    }

    /// Counts it as what it became. A statement that is tried again because it gave way to another
    /// transaction is no failure; `hyperfleet_db_retries_total` counts those.
    pub(crate) fn count(self, error: &Error) {
        let error_type = match error {
            _ if self.constraint => "constraint_violation",
            Error::GaveWay(_) => return,
            Error::Unavailable(_) => "connection_error",
            Error::Timeout(_) => "timeout",
            _ => "other",
        };
        counter!(ERRORS, "operation" => self.operation, "error_type" => error_type).increment(1);
    }
}

/// Publishes how many connections are open and in use.
pub fn sample_connections(db: &Db) {
    for (role, connection) in pools(db) {
        let (open, idle) = match connection.get_database_backend() {
            DbBackend::Postgres => size(connection.get_postgres_connection_pool()),
            _ => size(connection.get_sqlite_connection_pool()),
        };
        gauge!("hyperfleet_db_connections_open", "role" => role).set(open as f64);
        gauge!("hyperfleet_db_connections_in_use", "role" => role).set(open.saturating_sub(idle) as f64);
    }
}

fn size<D: sqlx::Database>(pool: &sqlx::Pool<D>) -> (usize, usize) {
    (pool.size() as usize, pool.num_idle())
}

/// Waits for a connection as a request would, and records how long that took, whether or not it came.
pub async fn sample_pool_wait(db: &Db) {
    for (role, connection) in pools(db) {
        let started = Instant::now();
        match connection.get_database_backend() {
            DbBackend::Postgres => drop(connection.get_postgres_connection_pool().acquire().await),
            _ => drop(connection.get_sqlite_connection_pool().acquire().await),
        }
        histogram!(POOL_WAIT, "role" => role).record(started.elapsed().as_secs_f64());
    }
}

/// The pools, each with its label.
fn pools(db: &Db) -> impl Iterator<Item = (&'static str, &DatabaseConnection)> {
    let replica = (!std::ptr::eq(db.primary(), db.replica())).then(|| ("replica", db.replica()));
    std::iter::once(("primary", db.primary())).chain(replica)
}

#[cfg(test)]
mod tests {
    use super::{OPERATIONS, TABLES, classified};

    #[test]
    fn a_statement_is_known_by_its_verb_and_its_first_table() {
        let table = [
            (r#"SELECT "clusters"."id" FROM "clusters" WHERE "labels" = $1"#, "query", "clusters"),
            (r#"SELECT 1 FROM "node_pools" WHERE x IN (SELECT y FROM "labels")"#, "query", "node_pools"),
            (r#"INSERT INTO "adapter_statuses" ("id") VALUES ($1)"#, "create", "adapter_statuses"),
            (r#"UPDATE "clusters" SET "name" = $1"#, "update", "clusters"),
            (r#"DELETE FROM "idempotency_keys""#, "delete", "idempotency_keys"),
            (r#"WITH x AS (UPDATE "clusters" SET a = 1) INSERT INTO "labels""#, "raw", "clusters"),
            ("VACUUM", "raw", "other"),
            (r#"SELECT * FROM "pg_class""#, "query", "other"),
        ];
        for (sql, operation, name) in table {
            let (operation_at, table_at) = classified(sql);
            assert_eq!((OPERATIONS[operation_at], TABLES[table_at]), (operation, name), "{sql}");
        }
    }
}
