//! The reasons why the database cannot be used, for the operator.

use super::endpoint::Endpoint;
use super::fault;
use crate::dialect::Fault;
use sea_orm::{DbErr, RuntimeErr};

/// The reason why the database cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{address}: {cause}; {advice}")]
pub struct ConnectError {
    /// The address: `host:port/name`, or the path of a file. Never contains a password.
    pub address: String,
    /// The message of the database or of the operating system.
    pub cause: String,
    /// The recommended action.
    pub advice: &'static str,
    /// Whether the error may be temporary, for example while the server restarts or has no connection left.
    pub(super) is_temporary: bool,
}

impl ConnectError {
    /// Creates an error that persists until the operator resolves it.
    pub(super) fn new(endpoint: &Endpoint, cause: String, advice: &'static str) -> Self {
        Self { address: endpoint.address(), cause, advice, is_temporary: false }
    }

    /// Converts an error of connecting or of a query.
    pub(super) fn of(endpoint: &Endpoint, error: &sqlx::Error) -> Self {
        let cause = match error {
            sqlx::Error::Database(error) => error.message().to_owned(),
            sqlx::Error::Io(error) => error.to_string(),
            sqlx::Error::PoolTimedOut => "no answer".to_owned(),
            other => other.to_string(),
        };
        Self { is_temporary: is_temporary(error), ..Self::new(endpoint, cause, advice(error)) }
    }

    /// Converts an error of a statement.
    pub(super) fn of_statement(endpoint: &Endpoint, error: &DbErr) -> Self {
        match error {
            DbErr::Conn(RuntimeErr::SqlxError(inner))
            | DbErr::Exec(RuntimeErr::SqlxError(inner))
            | DbErr::Query(RuntimeErr::SqlxError(inner)) => Self::of(endpoint, inner),
            other => Self::new(endpoint, other.to_string(), "see the log of the server"),
        }
    }

    /// Creates the error for a URL that the driver cannot parse. The driver's message is omitted because it may
    /// contain a part of the URL.
    pub(super) fn unreadable_url() -> Self {
        Self {
            address: "the database URL".to_owned(),
            cause: "cannot be read".to_owned(),
            advice: "percent-encode special characters in the user, the password and the name",
            is_temporary: false,
        }
    }
}

/// Whether the error may be temporary. Wrong credentials, for example, are not.
fn is_temporary(error: &sqlx::Error) -> bool {
    match error {
        // A pooler that rejects a startup parameter returns the same code as one that is full or whose server is
        // unavailable.
        sqlx::Error::Database(error) if error.message().contains("startup parameter") => false,
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_) => true,
        // SQLite also reports a file that cannot be opened as unavailable, with a shorter code.
        sqlx::Error::Database(inner) => match fault::of_driver(error) {
            Fault::Unavailable | Fault::Broken => inner.code().is_some_and(|code| code.len() == 5),
            fault => matches!(fault, Fault::Locked | Fault::Retryable),
        },
        _ => false,
    }
}

fn advice(error: &sqlx::Error) -> &'static str {
    let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default();
    match &*code {
        "28000" | "28P01" => "check the user, the password and pg_hba.conf",
        "3D000" => "create the database, or correct its name",
        "42501" => {
            "GRANT the role what it lacks: the one that migrates must own the tables and have CREATE on the schema, the \
             one that serves needs SELECT, INSERT, UPDATE, DELETE on the tables"
        }
        "53300" => "let the server have more connections (max_connections), or each replica fewer",
        "55P03" => "end what holds the lock, such as a dump or a long transaction, or run this again later",
        "08P01" => "if this is PgBouncer, set ignore_startup_parameters = options, extra_float_digits there",
        "26000" | "42P05" => {
            "a pooler in transaction mode must keep prepared statements: PgBouncer 1.21 or later with \
             max_prepared_statements above 0; or let it pool sessions"
        }
        "" if matches!(error, sqlx::Error::Tls(_)) => "check sslmode and sslrootcert",
        "" => "check the host and the port, and that the server runs",
        // The codes of SQLite; the low byte is the kind.
        code => match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(5) => "another process is writing to the file",
            Ok(8) => "the file and its folder must be writable; open it without mode=ro",
            Ok(14) => "the folder must exist and be writable; ?mode=rwc creates the file",
            Ok(26) => "name a SQLite database, or a file that does not exist yet",
            _ => "see the log of the server",
        },
    }
}
