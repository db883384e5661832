//! Classification of database errors. Pure: uses neither metrics nor connections.

use crate::dialect::{Dialect, Fault};
use crate::error::Error;
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Classifies an error.
pub(crate) fn of(error: &DbErr) -> Fault {
    if let Some(SqlErr::UniqueConstraintViolation(_) | SqlErr::ForeignKeyConstraintViolation(_)) =
        error.sql_err()
    {
        return Fault::Constraint;
    }
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Fault::Unavailable,
        DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => {
            of_driver(inner)
        }
        _ => Fault::Internal,
    }
}

/// Classifies an error of the driver.
pub(super) fn of_driver(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Database(error) => error.code().map_or(Fault::Internal, |code| Dialect::fault(&code)),
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Fault::Unavailable,
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => {
            Fault::Broken
        }
        _ => Fault::Internal,
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match of(&error) {
            Fault::Retryable => Error::Retryable(error),
            Fault::Locked => Error::Locked(error),
            Fault::Timeout => Error::Timeout(error),
            Fault::Unavailable | Fault::Broken => Error::Unavailable(error),
            Fault::Constraint | Fault::Internal => Error::Internal(error.to_string()),
        }
    }
}
