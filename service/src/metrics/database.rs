use crate::{Db, Error, Pool};
use metrics::{Counter, Histogram, counter, gauge, histogram};
use sea_orm::{DatabaseConnection, DbBackend, DbErr, SqlErr};
use std::cell::Cell;

const QUERY_DURATION: &str = "hyperfleet_db_query_duration_seconds";
const POOL_WAIT: &str = "hyperfleet_db_pool_wait_seconds";
/// The target of the event with which a pool tells, at level debug, that it has handed out a connection, and after how long.
pub const POOL_EVENT: &str = "sqlx::pool::acquire";
/// The label `stage` of waits: first for a turn, then for a connection to be handed out.
const STAGES: [&str; 2] = ["turn", "connection"];
const ERRORS: &str = "hyperfleet_db_errors_total";

/// The label `operation` of statements. The last stands for all that is none of the others.
const OPERATIONS: [&str; 5] = ["query", "create", "update", "delete", "raw"];
/// How a statement of each of these operations starts.
const VERBS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];
/// The label `table`. The last stands for all that is none of the others.
const TABLES: [&str; 8] = [
    "clusters",
    "node_pools",
    "adapter_statuses",
    "labels",
    "resource_counts",
    "idempotency_keys",
    "reconciliation_counts",
    "other",
];
/// The label `operation` of failures that concern no statement.
const CONNECT: &str = "connect";
/// The label `error_type` of statements.
const ERROR_TYPES: [&str; 4] = ["constraint_violation", "connection_error", "timeout", "other"];
/// The labels `operation` and `error_type` of transactions that did not end as they should.
const COMMIT: [&str; 2] = ["commit", "commit_failed"];
const ROLLBACK: [&str; 2] = ["rollback", "rollback_failed"];

thread_local! {
    /// The operation of the statement that failed last on this thread. Nothing is awaited between the failure of a
    /// statement and the moment at which its error gets its meaning, so that it is found there.
    static FAILED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Makes the metrics of the database exist.
pub(super) fn register() {
    let statements =
        OPERATIONS.iter().flat_map(|operation| ERROR_TYPES.map(|error_type| [*operation, error_type]));
    let others = [[CONNECT, "connection_error"], [CONNECT, "other"], COMMIT, ROLLBACK];
    for [operation, error_type] in statements.chain(others) {
        failures(operation, error_type).increment(0);
    }
    counter!("hyperfleet_db_retries_total").increment(0);
    let _ = (durations(), STAGES.map(pool_wait));
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
        FAILED.set(info.failed.then_some(OPERATIONS[operation]));
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
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => CONNECT,
            _ => FAILED.take().unwrap_or("raw"),
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
        failures(self.operation, error_type).increment(1);
    }
}

fn failures(operation: &'static str, error_type: &'static str) -> Counter {
    counter!(ERRORS, "operation" => operation, "error_type" => error_type)
}

/// Counts a transaction that could not be committed.
pub(crate) fn commit_failed() {
    let [operation, error_type] = COMMIT;
    failures(operation, error_type).increment(1);
}

/// Counts a transaction that could not be undone in order; the database undoes it when its connection ends.
pub(crate) fn rollback_failed() {
    let [operation, error_type] = ROLLBACK;
    failures(operation, error_type).increment(1);
}

/// Publishes how many connections are open and in use.
pub fn sample_connections(db: &Db) {
    for (role, pool) in pools(db) {
        let sizes = pool.parts().map(|connections| match connections.get_database_backend() {
            DbBackend::Postgres => size(connections.get_postgres_connection_pool()),
            _ => size(connections.get_sqlite_connection_pool()),
        });
        let (open, idle) = sizes.fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1));
        gauge!("hyperfleet_db_connections_open", "role" => role).set(open as f64);
        gauge!("hyperfleet_db_connections_in_use", "role" => role).set(open.saturating_sub(idle) as f64);
    }
}

fn size<D: sqlx::Database>(pool: &sqlx::Pool<D>) -> (usize, usize) {
    (pool.size() as usize, pool.num_idle())
}

/// Records how long a pool took to hand out a connection, in seconds.
pub fn waited_for_connection(seconds: f64) {
    pool_wait("connection").record(seconds);
}

/// Where a pool records how long its turns are waited for, in seconds.
pub(crate) fn waits_for_turns() -> Histogram {
    pool_wait("turn")
}

fn pool_wait(stage: &'static str) -> Histogram {
    histogram!(POOL_WAIT, "stage" => stage)
}

/// The pools, each with its label.
fn pools(db: &Db) -> impl Iterator<Item = (&'static str, &Pool)> {
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
