//! What is measured of statements and connections. The names are those of the dashboard and the alerts.

use super::Db;
use crate::dialect::{Dialect, Fault};
use metrics::{Histogram, counter, gauge, histogram};
use sea_orm::DatabaseConnection;
use std::time::Duration;

const QUERY_DURATION: &str = "hyperfleet_db_query_duration_seconds";
const POOL_WAIT: &str = "hyperfleet_db_pool_wait_seconds";
const ERRORS: &str = "hyperfleet_db_errors_total";
const RETRIES: &str = "hyperfleet_db_retries_total";

/// The label `operation` of statements. The last stands for everything else.
const OPERATIONS: [&str; 5] = ["query", "create", "update", "delete", "raw"];
/// How a statement of each of these operations starts.
const VERBS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];
/// The label `table`. The last stands for everything else.
pub(super) const TABLES: [&str; 9] = [
    "clusters",
    "node_pools",
    "adapter_statuses",
    "labels",
    "resource_counts",
    "idempotency_keys",
    "changes",
    "change_log",
    "other",
];
/// The label `operation` of failures that concern no statement.
const CONNECT: &str = "connect";
/// The label `error_type` of statements.
const ERROR_TYPES: [&str; 4] = ["constraint_violation", "connection_error", "timeout", "other"];
/// The labels `operation` and `error_type` of transactions that failed to end. The database undoes one that could not
/// be rolled back when its connection ends.
pub(super) const COMMIT_FAILED: [&str; 2] = ["commit", "commit_failed"];
pub(super) const ROLLBACK_FAILED: [&str; 2] = ["rollback", "rollback_failed"];

/// Makes the metrics of the database exist.
pub(crate) fn register() {
    let statements =
        OPERATIONS.iter().flat_map(|operation| ERROR_TYPES.map(|error_type| [*operation, error_type]));
    let others = [[CONNECT, "connection_error"], [CONNECT, "other"], COMMIT_FAILED, ROLLBACK_FAILED];
    for labels in statements.chain(others) {
        count_failures(labels, 0);
    }
    counter!(RETRIES).increment(0);
    let _ = (Statements::new(), histogram!(POOL_WAIT));
}

/// Where a statement stands in [`OPERATIONS`] and [`TABLES`].
pub(super) type Series = (usize, usize);

/// The series of one database. Looked up once, so that a statement need not look up its series by name.
pub(crate) struct Statements {
    durations: [[Histogram; TABLES.len()]; OPERATIONS.len()],
}

impl Statements {
    pub(super) fn new() -> Self {
        let durations = OPERATIONS.map(|operation| {
            TABLES.map(|table| histogram!(QUERY_DURATION, "operation" => operation, "table" => table))
        });
        Self { durations }
    }

    /// By the first word of a statement, and by the first table that it names in quotes, as the query builder writes
    /// them, and outside of subqueries.
    pub(super) fn classify(sql: &str) -> Series {
        let operation = VERBS.iter().position(|verb| sql.starts_with(verb)).unwrap_or(VERBS.len());
        let before: &[&str] = match OPERATIONS[operation] {
            "query" | "delete" => &[" FROM \""],
            "create" => &["INTO \""],
            "update" => &["UPDATE \""],
            _ => &[" FROM \"", "INTO \"", "UPDATE \""],
        };
        let named = before.iter().filter_map(|before| {
            let at = outermost(sql, before)?;
            Some((at, sql[at + before.len()..].split('"').next()?))
        });
        let first = named.min_by_key(|(at, _)| *at).map_or("", |(_, table)| table);
        (operation, TABLES.iter().position(|table| *table == first).unwrap_or(TABLES.len() - 1))
    }

    pub(super) fn took(&self, (operation, table): Series, elapsed: Duration) {
        self.durations[operation][table].record(elapsed.as_secs_f64());
    }
}

/// Counts a failed statement.
pub(super) fn failed((operation, _): Series, fault: Fault) {
    count_fault(OPERATIONS[operation], fault);
}

/// Counts a connection that could not be had.
pub(super) fn not_connected(fault: Fault) {
    count_fault(CONNECT, fault);
}

/// What is tried again is no failure; [`RETRIES`] counts those.
fn count_fault(operation: &'static str, fault: Fault) {
    let error_type = match fault {
        Fault::Retryable => return,
        Fault::Constraint => "constraint_violation",
        Fault::Unavailable | Fault::Broken => "connection_error",
        Fault::Timeout | Fault::Locked => "timeout",
        Fault::Internal => "other",
    };
    count_failures([operation, error_type], 1);
}

pub(super) fn count_failures([operation, error_type]: [&'static str; 2], failures: u64) {
    counter!(ERRORS, "operation" => operation, "error_type" => error_type).increment(failures);
}

/// Counts a transaction that is tried again.
pub(super) fn retried() {
    counter!(RETRIES).increment(1);
}

/// Records how long a transaction waited until it had a connection and had begun.
pub(super) fn began(waited: Duration) {
    histogram!(POOL_WAIT).record(waited.as_secs_f64());
}

/// Where `part` first is outside of parentheses, or else first is at all.
fn outermost(sql: &str, part: &str) -> Option<usize> {
    let depth = |at: usize| {
        let bytes = sql.as_bytes()[..at].iter();
        bytes.fold(0, |depth, byte| depth + i32::from(*byte == b'(') - i32::from(*byte == b')'))
    };
    let mut places = sql.match_indices(part).map(|(at, _)| at);
    let first = places.clone().next();
    places.find(|at| depth(*at) == 0).or(first)
}

/// Publishes how many connections are open and in use.
pub fn sample_connections(db: &Db) {
    let replica = db.replica.as_ref().map(|replica| ("replica", &replica.executor));
    for (role, executor) in std::iter::once(("primary", &db.primary)).chain(replica) {
        let Some(pool) = executor.connection() else { continue };
        let (open, idle) = size(db.dialect(), pool);
        gauge!("hyperfleet_db_connections_open", "role" => role).set(open as f64);
        gauge!("hyperfleet_db_connections_in_use", "role" => role).set(open.saturating_sub(idle) as f64);
    }
}

/// Open and idle connections.
fn size(dialect: Dialect, pool: &DatabaseConnection) -> (usize, usize) {
    match dialect {
        Dialect::Postgres => {
            let pool = pool.get_postgres_connection_pool();
            (pool.size() as usize, pool.num_idle())
        }
        Dialect::Sqlite => {
            let pool = pool.get_sqlite_connection_pool();
            (pool.size() as usize, pool.num_idle())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OPERATIONS, Statements, TABLES};

    #[test]
    fn a_statement_is_known_by_its_verb_and_its_first_table() {
        let table = [
            (r#"SELECT "clusters"."id" FROM "clusters" WHERE "labels" = $1"#, "query", "clusters"),
            (r#"SELECT 1 FROM "node_pools" WHERE x IN (SELECT y FROM "labels")"#, "query", "node_pools"),
            (r#"SELECT a, (SELECT max(b) FROM "changes") FROM "clusters""#, "query", "clusters"),
            (r#"SELECT count(*) FROM (SELECT a FROM "clusters")"#, "query", "clusters"),
            (r#"INSERT INTO "adapter_statuses" ("id") VALUES ($1)"#, "create", "adapter_statuses"),
            (r#"UPDATE "clusters" SET "name" = $1"#, "update", "clusters"),
            (r#"DELETE FROM "idempotency_keys""#, "delete", "idempotency_keys"),
            (r#"WITH x AS (UPDATE "clusters" SET a = 1) INSERT INTO "labels""#, "raw", "clusters"),
            ("VACUUM", "raw", "other"),
            (r#"SELECT * FROM "pg_class""#, "query", "other"),
        ];
        for (sql, operation, name) in table {
            let (operation_at, table_at) = Statements::classify(sql);
            assert_eq!((OPERATIONS[operation_at], TABLES[table_at]), (operation, name), "{sql}");
        }
    }
}
