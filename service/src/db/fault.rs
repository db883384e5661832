//! What an error of the database means to whoever asked.

use super::breaks;
use crate::Error;
use crate::dialect::Dialect;
use crate::metrics::{self, Failure};
use sea_orm::{DbErr, RuntimeErr};

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        let failure = Failure::of(&error);
        let error = Error::of_database(error);
        failure.count(&error);
        error
    }
}

/// Whether a database that could not be reached may be there in a moment, as it stands with PostgreSQL while it
/// restarts or has no connection left. Wrong credentials and the like do not pass.
pub(crate) fn may_pass(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) => true,
        DbErr::Conn(RuntimeErr::SqlxError(inner)) => match &**inner {
            sqlx::Error::Database(inner) => inner.code().is_some_and(|code| Dialect::unavailable(&code)),
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_) => true,
            _ => false,
        },
        _ => false,
    }
}

impl Error {
    /// Of a transaction that could not be committed. One that gave way to another is no failure: it is tried again.
    pub(super) fn of_commit(error: DbErr) -> Self {
        let error = Error::of_database(error);
        if !matches!(error, Error::GaveWay(_)) {
            metrics::commit_failed();
        }
        error
    }

    /// What it means, counted by whoever asks.
    pub(super) fn of_database(error: DbErr) -> Self {
        let runtime = match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => return Error::Unavailable(error),
            DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => inner,
            _ => return Error::Internal(error.to_string()),
        };
        match &**runtime {
            sqlx::Error::Database(inner) => match inner.code().as_deref() {
                Some(code) if Dialect::gave_way(code) => Error::GaveWay(error),
                Some(code) if Dialect::timed_out(code) => Error::Timeout(error),
                Some(code) if Dialect::unavailable(code) => {
                    if Dialect::ends_connection(code) {
                        breaks::note();
                    }
                    Error::Unavailable(error)
                }
                _ => Error::Internal(error.to_string()),
            },
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Error::Unavailable(error),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_) => {
                breaks::note();
                Error::Unavailable(error)
            }
            _ => Error::Internal(error.to_string()),
        }
    }
}
