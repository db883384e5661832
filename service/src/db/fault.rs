//! What an error of the database means to whoever asked.

use crate::Error;
use crate::dialect::Dialect;
use crate::metrics::Failure;
use sea_orm::{DbErr, RuntimeErr};

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        let failure = Failure::of(&error);
        let error = Error::of_database(error);
        failure.count(&error);
        error
    }
}

impl Error {
    fn of_database(error: DbErr) -> Self {
        let runtime = match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => return Error::Unavailable(error),
            DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => inner,
            _ => return Error::Internal(error.to_string()),
        };
        match &**runtime {
            sqlx::Error::Database(inner) => match inner.code().as_deref() {
                Some(code) if Dialect::gave_way(code) => Error::GaveWay(error),
                Some(code) if Dialect::timed_out(code) => Error::Timeout(error),
                Some(code) if Dialect::unavailable(code) => Error::Unavailable(error),
                _ => Error::Internal(error.to_string()),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_) => Error::Unavailable(error),
            _ => Error::Internal(error.to_string()),
        }
    }
}
