//! The metrics of statements and connections. The dashboard and the alerts use their names.

use super::Db;
use crate::dialect::{Dialect, Fault};
use metrics::{Histogram, counter, gauge, histogram};
use sea_orm::DatabaseConnection;
use std::time::Duration;

const QUERY_DURATION: &str = "hyperfleet_db_query_duration_seconds";
const POOL_WAIT: &str = "hyperfleet_db_pool_wait_seconds";
const ERRORS: &str = "hyperfleet_db_errors_total";
const RETRIES: &str = "hyperfleet_db_retries_total";

/// The values of the label `operation` of statements. The last one stands for everything else.
const OPERATIONS: [&str; 5] = ["query", "create", "update", "delete", "raw"];
/// The first word of the statements of each of these operations.
const VERBS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];
/// The values of the label `table`: all tables of the service, whose privileges are checked too, and a last one that
/// stands for everything else.
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
/// The value of the label `operation` for failures that concern no statement.
const CONNECT: &str = "connect";
/// The values of the label `error_type` of statements.
const ERROR_TYPES: [&str; 4] = ["constraint_violation", "connection_error", "timeout", "other"];
/// The labels `operation` and `error_type` of transactions whose commit or rollback failed. If a rollback fails,
/// the database rolls back when the connection ends.
pub(super) const COMMIT_FAILED: [&str; 2] = ["commit", "commit_failed"];
pub(super) const ROLLBACK_FAILED: [&str; 2] = ["rollback", "rollback_failed"];

/// Registers the metrics of the database.
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

/// The positions of a statement in [`OPERATIONS`] and [`TABLES`].
pub(super) type Series = (usize, usize);

/// The time series of one database, resolved once, so that a statement does not look up its series by name.
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

    /// Classifies a statement by its first word, and by the first table that it names in quotes, as the query
    /// builder writes them, outside of subqueries.
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

    pub(super) fn record(&self, (operation, table): Series, elapsed: Duration) {
        self.durations[operation][table].record(elapsed.as_secs_f64());
    }
}

/// Counts a failed statement.
pub(super) fn count_failure((operation, _): Series, fault: Fault) {
    count_fault(OPERATIONS[operation], fault);
}

/// Counts a connection that could not be acquired.
pub(super) fn count_connect_failure(fault: Fault) {
    count_fault(CONNECT, fault);
}

/// Counts a failure by its type. Retries are not failures; [`RETRIES`] counts them.
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

/// Counts a retry of a transaction.
pub(super) fn count_retry() {
    counter!(RETRIES).increment(1);
}

/// Records how long a transaction waited until it had a connection and had begun.
pub(super) fn record_wait(waited: Duration) {
    histogram!(POOL_WAIT).record(waited.as_secs_f64());
}

/// Returns the position of the first `part` outside of parentheses, or else of the first one.
fn outermost(sql: &str, part: &str) -> Option<usize> {
    let depth = |at: usize| {
        let bytes = sql.as_bytes()[..at].iter();
        bytes.fold(0, |depth, byte| depth + i32::from(*byte == b'(') - i32::from(*byte == b')'))
    };
    let mut places = sql.match_indices(part).map(|(at, _)| at);
    let first = places.clone().next();
    places.find(|at| depth(*at) == 0).or(first)
}

/// Publishes the number of open connections, and of those in use.
pub fn sample_connections(db: &Db) {
    let replica = db.replica.as_ref().map(|replica| ("replica", &replica.executor));
    for (role, executor) in std::iter::once(("primary", &db.primary)).chain(replica) {
        let Some(pool) = executor.connection() else { continue };
        let (open, idle) = size(db.dialect(), pool);
        gauge!("hyperfleet_db_connections_open", "role" => role).set(open as f64);
        gauge!("hyperfleet_db_connections_in_use", "role" => role).set(open.saturating_sub(idle) as f64);
    }
}

/// Returns the number of open connections and of idle ones.
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
