//! What the database engines spell and do differently.

use crate::search::pattern::Pattern;
use sea_orm::sea_query::{Expr, ExprTrait, Func, FunctionCall};
use std::thread::available_parallelism;
use uuid::Uuid;

/// The dialect of SQL that a database understands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// The embedded engine.
    Sqlite,
    /// PostgreSQL, and what is compatible with it.
    Postgres,
}

/// What an error of the database means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A unique or foreign key constraint is violated.
    Constraint,
    /// The database gave precedence to another transaction; the same transaction may succeed when tried again.
    Retryable,
    /// Another transaction has held a lock for longer than a request waits for it.
    Locked,
    /// The statement ran into its time limit.
    Timeout,
    /// The database cannot be reached or refuses to work. `Broken` if the connection is of no more use.
    Unavailable,
    /// The connection broke, or its server is stopping: the same goes for the other connections to it.
    Broken,
    /// Anything else: a mistake in the statement or in what is stored.
    Internal,
}

/// The spellings of one engine. Each is a template over its arguments: `?` is the next argument on SQLite, `$1`
/// the first one on PostgreSQL. Arguments are expressions, so values in them stay bound.
struct Spellings {
    /// A text whose order is that of its bytes, as it is for columns.
    bytewise: &'static str,
    /// A UUID as 36 characters.
    uuid_text: &'static str,
    like: Matcher,
    ilike: Matcher,
    /// A text column as a JSON value.
    json: &'static str,
    /// A JSON value as text: null if it is no string.
    json_string: &'static str,
    /// A JSON value as number: null if it is none.
    json_number: &'static str,
    /// A JSON value as boolean: null if it is none.
    json_boolean: &'static str,
    /// Any text of a JSON value: null if it is JSON's null or missing.
    json_any: &'static str,
    /// The function that gives the elements of a JSON array, in a column called `value`.
    json_elements: &'static str,
}

/// A way to match a text with a pattern.
struct Matcher {
    template: &'static str,
    spell: fn(&Pattern) -> String,
}

/// Its own `LIKE` ignores the case of ASCII letters, as `ILIKE` does under collation "C"; `GLOB` does not.
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

/// A number is cast only if it is spelled in a way that cannot overflow: `CASE` is the one construct that
/// keeps the cast from being tried first.
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
    /// The engine a database URL names.
    pub fn of_url(url: &str) -> Self {
        if url.starts_with("sqlite") { Dialect::Sqlite } else { Dialect::Postgres }
    }

    /// Whether writes queue for one connection.
    pub fn single_writer(self) -> bool {
        self == Dialect::Sqlite
    }

    /// Whether the schema is brought up to date at each start, unless the operator says otherwise: where one
    /// process has the database for itself.
    pub fn migrates_itself(self) -> bool {
        self == Dialect::Sqlite
    }

    /// How many connections the pool has, unless the operator sets it. SQLite's only read; writes have one of
    /// their own.
    pub fn pool_size(self) -> u32 {
        let cores = available_parallelism().map_or(2, |cores| cores.get() as u32);
        match self {
            Dialect::Sqlite => cores.clamp(2, 8),
            Dialect::Postgres => (cores * 4).clamp(8, 32),
        }
    }

    /// What an error code of either engine means. SQLite's are shorter numbers than those of SQL; their low byte
    /// is the kind, the rest the detail.
    pub(crate) fn fault(code: &str) -> Fault {
        let sqlite = if code.len() < 5 { code.parse::<u32>().unwrap_or(0) } else { 0 };
        match code {
            // Serialization failure, deadlock, and a transaction that paused for longer than the server allows.
            "40001" | "40P01" | "25P03" => Fault::Retryable,
            // Lock not available within lock_timeout.
            "55P03" => Fault::Locked,
            // Cancelled by statement_timeout.
            "57014" => Fault::Timeout,
            // The server stops, closes idle sessions, or may no longer be written to; the database was dropped.
            "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25006" => Fault::Broken,
            // The server is starting, full, or its disk is.
            _ if code.len() == 5 && (code.starts_with("08") || code.starts_with("53")) => Fault::Unavailable,
            _ => match sqlite {
                // Another process holds the write lock.
                5 => Fault::Locked,
                // Interrupted at its time limit.
                9 => Fault::Timeout,
                // The snapshot is too old, recovery is under way, or the shared cache is locked.
                6 | 261 | 517 => Fault::Retryable,
                // The file became read-only or cannot be opened; the disk fails or is full.
                code if matches!(code & 0xff, 8 | 10 | 13 | 14) => Fault::Unavailable,
                _ => Fault::Internal,
            },
        }
    }

    /// Whether a column of ids holds one of `ids`. All of them are one parameter, so that the statement is the same
    /// however many there are. One alone is compared: PostgreSQL expects ten in a list, so that it finds the plan for all
    /// lists too expensive for one, and makes a new one each time.
    pub(crate) fn is_one_of(self, column: Expr, ids: &[Uuid]) -> Expr {
        if let [id] = ids {
            return ExprTrait::eq(column, *id);
        }
        match self {
            Dialect::Sqlite => {
                // Hexadecimal texts, which can always be printed.
                let list = serde_json::to_string(&ids.iter().map(|id| id.simple()).collect::<Vec<_>>());
                let list = Expr::val(list.unwrap_or_default());
                Expr::cust_with_exprs("? IN (SELECT unhex(value) FROM json_each(?))", [column, list])
            }
            Dialect::Postgres => Expr::cust_with_exprs("$1 = ANY($2)", [column, Expr::val(ids.to_vec())]),
        }
    }

    /// The lowest id of a transaction that is running, as the statement sees the database. SQLite runs one writing
    /// transaction at a time, so whatever is not there will never be.
    pub(crate) fn oldest_transaction(self) -> Expr {
        match self {
            Dialect::Sqlite => Expr::cust("0"),
            Dialect::Postgres => {
                Expr::cust("CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")
            }
        }
    }

    /// An id that is higher than those of all transactions that have begun to write. PostgreSQL gives one to the
    /// statement: the end of a snapshot is no such id, since it only exceeds those of transactions that have ended.
    pub(crate) fn next_transaction(self) -> Expr {
        match self {
            Dialect::Sqlite => Expr::cust("0"),
            Dialect::Postgres => Expr::cust("CAST(CAST(pg_current_xact_id() AS text) AS bigint)"),
        }
    }

    /// The history of the server that writes, which begins anew when a standby is promoted. SQLite's has no name.
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

    /// Whether the engine knows how frequent values are when it chooses between indexes. SQLite does not, unless somebody
    /// runs ANALYZE; and then it knows the mean of all values.
    pub(crate) fn knows_frequencies(self) -> bool {
        self == Self::Postgres
    }

    /// A value for which SQLite uses no index. PostgreSQL chooses itself.
    pub(crate) fn unindexed(self, value: Expr) -> Expr {
        match self {
            Self::Sqlite => fill("(+?)", value),
            Self::Postgres => value,
        }
    }

    /// What makes a statement tell its plan, and the column of the answer that holds it.
    pub(crate) fn explain(self) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite => ("EXPLAIN QUERY PLAN ", "detail"),
            Self::Postgres => ("EXPLAIN ", "QUERY PLAN"),
        }
    }

    /// A computed text whose order is that of its bytes, as it is for columns.
    pub(crate) fn bytewise(self, text: Expr) -> Expr {
        fill(self.spellings().bytewise, text)
    }

    /// A UUID as 36 lower-case characters.
    pub(crate) fn uuid_text(self, uuid: Expr) -> Expr {
        self.bytewise(fill(self.spellings().uuid_text, uuid))
    }

    /// Whether a text matches a pattern; `ignore_case` is about ASCII letters.
    pub(crate) fn like(self, text: Expr, pattern: &Pattern, ignore_case: bool) -> Expr {
        let spellings = self.spellings();
        let matcher = if ignore_case { &spellings.ilike } else { &spellings.like };
        Expr::cust_with_exprs(matcher.template, [text, Expr::val((matcher.spell)(pattern))])
    }

    /// A column that holds a JSON document as text, as a JSON value.
    pub(crate) fn json(self, column: Expr) -> Expr {
        fill(self.spellings().json, column)
    }

    /// The text of a JSON value; null if it is no string.
    pub(crate) fn json_string(self, json: Expr) -> Expr {
        self.bytewise(fill(self.spellings().json_string, json))
    }

    /// The number of a JSON value; null if it is none. Integers of 64 bits compare exactly, but those above
    /// the signed ones are compared as doubles on SQLite; all other numbers are compared as doubles.
    pub(crate) fn json_number(self, json: Expr) -> Expr {
        fill(self.spellings().json_number, json)
    }

    /// The boolean of a JSON value; null if it is none.
    pub(crate) fn json_boolean(self, json: Expr) -> Expr {
        fill(self.spellings().json_boolean, json)
    }

    /// Some text for any JSON value; null if it is JSON's null or missing.
    pub(crate) fn json_any(self, json: Expr) -> Expr {
        fill(self.spellings().json_any, json)
    }

    /// The elements of a column that holds a JSON array as text, in a column called `value`.
    pub(crate) fn json_elements(self, column: Expr) -> FunctionCall {
        Func::cust(self.spellings().json_elements).arg(self.json(column))
    }
}

/// The template with the same argument in every place: one for each `?`, at least one for every `$1`.
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
            // A session that was idle for too long, in a transaction and outside; a database that was dropped.
            ("25P03", Fault::Retryable),
            ("57P05", Fault::Broken),
            ("57P04", Fault::Broken),
            // A statement past its deadline; a file that became read-only, one that was moved; a full disk.
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
