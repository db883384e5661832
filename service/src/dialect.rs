//! The differences between the database engines in syntax and behavior.

use crate::search::pattern::Pattern;
use sea_orm::sea_query::{Expr, ExprTrait, Func, FunctionCall};
use std::thread::available_parallelism;
use uuid::Uuid;

/// The SQL dialect of a database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// SQLite, the embedded engine.
    Sqlite,
    /// PostgreSQL and compatible servers.
    Postgres,
}

/// The meaning of a database error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A unique or foreign key constraint is violated.
    Constraint,
    /// The database gave precedence to another transaction. A retry of the same transaction may succeed.
    Retryable,
    /// Another transaction held a lock for longer than the lock timeout.
    Locked,
    /// The statement exceeded its time limit.
    Timeout,
    /// The database cannot be reached or refuses to work. `Broken` if the connection has become unusable.
    Unavailable,
    /// The connection broke, or its server is stopping. The same applies to the other connections to that server.
    Broken,
    /// Any other error: a mistake in the statement or in the stored data.
    Internal,
}

/// The SQL templates of one engine. Each is a template over its arguments: `?` is the next argument on SQLite, `$1`
/// the first one on PostgreSQL. Arguments are expressions, so values in them stay bound.
struct Spellings {
    /// A text ordered by its bytes, like the text columns.
    bytewise: &'static str,
    /// A UUID as a text of 36 characters.
    uuid_text: &'static str,
    like: Matcher,
    ilike: Matcher,
    /// A text column as a JSON value.
    json: &'static str,
    /// A JSON value as text; null if it is not a string.
    json_string: &'static str,
    /// A JSON value as a number; null if it is not a number.
    json_number: &'static str,
    /// A JSON value as a boolean; null if it is not a boolean.
    json_boolean: &'static str,
    /// Any JSON value as text; null if it is JSON null or missing.
    json_any: &'static str,
    /// The function that returns the elements of a JSON array in a column named `value`.
    json_elements: &'static str,
}

/// The template that matches a text with a pattern, and the function that formats the pattern.
struct Matcher {
    template: &'static str,
    spell: fn(&Pattern) -> String,
}

/// `LIKE` in SQLite ignores the case of ASCII letters, as `ILIKE` does under collation "C"; `GLOB` is
/// case-sensitive.
const SQLITE: Spellings = Spellings {
    bytewise: "?",
    uuid_text: "(lower(substr(hex(?), 1, 8) || '-' || substr(hex(?), 9, 4) || '-' || substr(hex(?), 13, 4) \
                || '-' || substr(hex(?), 17, 4) || '-' || substr(hex(?), 21)))",
    like: Matcher { template: "(? GLOB ?)", spell: Pattern::glob },
    ilike: Matcher { template: r"(? LIKE ? ESCAPE '\')", spell: Pattern::like },
    json: "?",
    json_string: "CASE json_type(?) WHEN 'text' THEN (?) ->> '$' END",
    json_number: "CASE WHEN json_type(?) IN ('integer', 'real') THEN (?) ->> '$' END",
    json_boolean: "CASE json_type(?) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END",
    json_any: "((?) ->> '$')",
    json_elements: "json_each",
};

/// A number is cast only if its text cannot overflow. Only `CASE` guarantees that the cast is not evaluated first.
const POSTGRES: Spellings = Spellings {
    bytewise: r#"(($1) COLLATE "C")"#,
    uuid_text: "CAST($1 AS text)",
    like: Matcher { template: "($1 LIKE $2)", spell: Pattern::like },
    ilike: Matcher { template: "($1 ILIKE $2)", spell: Pattern::like },
    json: "CAST($1 AS json)",
    json_string: "CASE json_typeof($1) WHEN 'string' THEN ($1) #>> '{}' END",
    json_number: "CASE WHEN CAST($1 AS text) ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,3})?$' \
                  AND length(CAST($1 AS text)) <= 1000 THEN CAST(CAST($1 AS text) AS numeric) END",
    json_boolean: "CASE CAST($1 AS text) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END",
    json_any: "(($1) #>> '{}')",
    json_elements: "json_array_elements",
};

impl Dialect {
    /// Returns the dialect of the database that a URL names.
    pub fn of_url(url: &str) -> Self {
        if url.starts_with("sqlite") { Dialect::Sqlite } else { Dialect::Postgres }
    }

    /// Whether all writes share one connection.
    pub fn single_writer(self) -> bool {
        self == Dialect::Sqlite
    }

    /// Whether the schema is migrated at each start, unless the operator disables this. True where one process has
    /// exclusive use of the database.
    pub fn migrates_itself(self) -> bool {
        self == Dialect::Sqlite
    }

    /// Returns the default number of connections in the pool. The pool of SQLite only reads; its writes have a
    /// separate connection.
    pub fn pool_size(self) -> u32 {
        let cores = available_parallelism().map_or(2, |cores| cores.get() as u32);
        match self {
            Dialect::Sqlite => cores.clamp(2, 8),
            Dialect::Postgres => (cores * 4).clamp(8, 32),
        }
    }

    /// Returns the meaning of an error code of either engine. The codes of SQLite are shorter than SQLSTATE codes;
    /// their low byte is the kind, the rest the detail.
    pub(crate) fn fault(code: &str) -> Fault {
        let sqlite = if code.len() < 5 { code.parse::<u32>().unwrap_or(0) } else { 0 };
        match code {
            // Serialization failure, deadlock, and a transaction that was idle for longer than the server allows.
            "40001" | "40P01" | "25P03" => Fault::Retryable,
            // Lock not available within lock_timeout.
            "55P03" => Fault::Locked,
            // Canceled by statement_timeout.
            "57014" => Fault::Timeout,
            // The server is starting or stopping, closed an idle session, or is read-only; or the database was
            // dropped.
            "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25006" => Fault::Broken,
            // The connection failed, or the server has no connection, memory or disk space left.
            _ if code.len() == 5 && (code.starts_with("08") || code.starts_with("53")) => Fault::Unavailable,
            _ => match sqlite {
                // Another process holds the write lock.
                5 => Fault::Locked,
                // Interrupted at the time limit.
                9 => Fault::Timeout,
                // Recovery is running, the snapshot is too old, or the shared cache is locked.
                6 | 261 | 517 => Fault::Retryable,
                // The file became read-only or cannot be opened, or the disk fails or is full.
                code if matches!(code & 0xff, 8 | 10 | 13 | 14) => Fault::Unavailable,
                _ => Fault::Internal,
            },
        }
    }

    /// Whether a column of ids contains one of `ids`. All ids are one parameter, so that the statement is the same
    /// for any number of them. A single id is compared directly: PostgreSQL expects ten elements in a list, so it
    /// would find the generic plan too expensive for one id and plan each time.
    pub(crate) fn is_one_of(self, column: Expr, ids: &[Uuid]) -> Expr {
        if let [id] = ids {
            return ExprTrait::eq(column, *id);
        }
        match self {
            Dialect::Sqlite => {
                // Hexadecimal texts, whose serialization cannot fail.
                let list = serde_json::to_string(&ids.iter().map(|id| id.simple()).collect::<Vec<_>>());
                let list = Expr::val(list.unwrap_or_default());
                Expr::cust_with_exprs("? IN (SELECT unhex(value) FROM json_each(?))", [column, list])
            }
            Dialect::Postgres => Expr::cust_with_exprs("$1 = ANY($2)", [column, Expr::val(ids.to_vec())]),
        }
    }

    /// The lowest id of a running transaction, as the statement sees the database. SQLite runs one writing
    /// transaction at a time, so a number that is missing there is never written later.
    pub(crate) fn oldest_transaction(self) -> Expr {
        match self {
            Dialect::Sqlite => Expr::cust("0"),
            Dialect::Postgres => {
                Expr::cust("CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")
            }
        }
    }

    /// An id that is higher than those of all transactions that have begun to write. PostgreSQL assigns one to the
    /// statement: the end of a snapshot does not suffice, since it exceeds only the ids of transactions that have
    /// ended.
    pub(crate) fn next_transaction(self) -> Expr {
        match self {
            Dialect::Sqlite => Expr::cust("0"),
            Dialect::Postgres => Expr::cust("CAST(CAST(pg_current_xact_id() AS text) AS bigint)"),
        }
    }

    /// The timeline of the server that writes, which changes when a standby is promoted. Empty on SQLite.
    pub(crate) fn timeline(self) -> Expr {
        match self {
            Dialect::Sqlite => Expr::cust("''"),
            Dialect::Postgres => Expr::cust("substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"),
        }
    }

    fn spellings(self) -> &'static Spellings {
        match self {
            Self::Sqlite => &SQLITE,
            Self::Postgres => &POSTGRES,
        }
    }

    /// Whether the query planner knows how frequent values are when it chooses between indexes. SQLite does not
    /// unless ANALYZE has run, and then it knows only the mean over all values.
    pub(crate) fn knows_frequencies(self) -> bool {
        self == Self::Postgres
    }

    /// Prevents SQLite from using an index for `value`. On PostgreSQL, the planner decides.
    pub(crate) fn unindexed(self, value: Expr) -> Expr {
        match self {
            Self::Sqlite => fill("(+?)", value),
            Self::Postgres => value,
        }
    }

    /// Returns the prefix that makes a statement return its plan, and the result column that contains the plan.
    pub(crate) fn explain(self) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite => ("EXPLAIN QUERY PLAN ", "detail"),
            Self::Postgres => ("EXPLAIN ", "QUERY PLAN"),
        }
    }

    /// Orders a computed text by its bytes, like the text columns.
    pub(crate) fn bytewise(self, text: Expr) -> Expr {
        fill(self.spellings().bytewise, text)
    }

    /// Formats a UUID as 36 lowercase characters.
    pub(crate) fn uuid_text(self, uuid: Expr) -> Expr {
        self.bytewise(fill(self.spellings().uuid_text, uuid))
    }

    /// Whether a text matches a pattern. `ignore_case` applies to ASCII letters.
    pub(crate) fn like(self, text: Expr, pattern: &Pattern, ignore_case: bool) -> Expr {
        let spellings = self.spellings();
        let matcher = if ignore_case { &spellings.ilike } else { &spellings.like };
        Expr::cust_with_exprs(matcher.template, [text, Expr::val((matcher.spell)(pattern))])
    }

    /// Converts a text column that contains a JSON document to a JSON value.
    pub(crate) fn json(self, column: Expr) -> Expr {
        fill(self.spellings().json, column)
    }

    /// Converts a JSON value to text; null if it is not a string.
    pub(crate) fn json_string(self, json: Expr) -> Expr {
        self.bytewise(fill(self.spellings().json_string, json))
    }

    /// Converts a JSON value to a number; null if it is not a number. 64-bit integers compare exactly, except that
    /// SQLite compares those above the signed range as doubles. All other numbers compare as doubles.
    pub(crate) fn json_number(self, json: Expr) -> Expr {
        fill(self.spellings().json_number, json)
    }

    /// Converts a JSON value to a boolean; null if it is not a boolean.
    pub(crate) fn json_boolean(self, json: Expr) -> Expr {
        fill(self.spellings().json_boolean, json)
    }

    /// Converts any JSON value to text; null if it is JSON null or missing.
    pub(crate) fn json_any(self, json: Expr) -> Expr {
        fill(self.spellings().json_any, json)
    }

    /// Returns the elements of a text column that contains a JSON array, in a column named `value`.
    pub(crate) fn json_elements(self, column: Expr) -> FunctionCall {
        Func::cust(self.spellings().json_elements).arg(self.json(column))
    }
}

/// Fills a template with the same argument in every position: one copy for each `?`, at least one for every `$1`.
fn fill(template: &'static str, argument: Expr) -> Expr {
    let places = template.matches('?').count().max(1);
    Expr::cust_with_exprs(template, vec![argument; places])
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Fault};

    #[test]
    fn error_codes() {
        let table = [
            // A session that was idle for too long, in a transaction and outside of one; a dropped database.
            ("25P03", Fault::Retryable),
            ("57P05", Fault::Broken),
            ("57P04", Fault::Broken),
            // A statement past its time limit; a file that became read-only, one that was moved; a full disk.
            ("9", Fault::Timeout),
            ("8", Fault::Unavailable),
            ("1032", Fault::Unavailable),
            ("13", Fault::Unavailable),
            ("1", Fault::Internal),
        ];
        for (code, fault) in table {
            assert_eq!(Dialect::fault(code), fault, "{code}");
        }
    }
}
