//! Why an operation was not carried out.

use sea_orm::{ConnAcquireErr, DbErr};
use serde_json::Value;
use uuid::Uuid;

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation was not carried out. No variant names an HTTP status; the `api` crate has a table for that.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input breaks rules; every violation is listed.
    #[error("{detail}")]
    Invalid {
        /// A summary.
        detail: String,
        /// Each violation with the path of its field.
        errors: Vec<FieldError>,
    },
    /// The request cannot be understood: a search, an order, a cursor, an update without content.
    #[error("{detail}")]
    BadRequest {
        /// A summary.
        detail: String,
        /// Each violation with the name of its parameter.
        errors: Vec<FieldError>,
    },
    /// No such resource.
    #[error("{kind} with id='{id}' not found")]
    NotFound {
        /// The kind that was looked for.
        kind: &'static str,
        /// The id as it was requested.
        id: String,
    },
    /// The name belongs to a resource that is not marked for deletion.
    #[error("{kind} '{name}' already exists{}", existing.map(|id| format!(" with id='{id}'")).unwrap_or_default())]
    NameTaken {
        /// The kind of both resources.
        kind: &'static str,
        /// The requested name.
        name: String,
        /// The resource that has it, unless it was removed in the meantime.
        existing: Option<Uuid>,
    },
    /// The state of the resource forbids the operation.
    #[error("{0}")]
    Conflict(String),
    /// What follows a position of the log of changes can no longer be told.
    #[error("The changes after this position are no longer known; list again")]
    PositionGone,
    /// Another request with the same idempotency key has not finished; worth another try.
    #[error("A request with this Idempotency-Key is still running")]
    KeyInUse,
    /// The idempotency key was used with a different request.
    #[error("The Idempotency-Key was used before with a different request")]
    KeyReused,
    /// The resource is no longer at the version that the caller named.
    #[error("The resource has changed; its entity tag is now {current}")]
    PreconditionFailed {
        /// The current entity tag.
        current: String,
    },
    /// The database cannot be reached or refuses to work; worth another try.
    #[error("the database is unavailable")]
    Unavailable(#[source] DbErr),
    /// The request waited too long before it could be started; worth another try.
    #[error("the service is overloaded, try again later")]
    Overloaded,
    /// Another transaction holds what this one needs; worth another try.
    #[error("the resource is locked by another change, try again later")]
    Locked(#[source] DbErr),
    /// The database gave precedence to another transaction at every attempt; worth another try.
    #[error("the database gave precedence to another transaction")]
    Retryable(#[source] DbErr),
    /// The database took longer than a request may.
    #[error("the database took too long")]
    Timeout(#[source] DbErr),
    /// An internal error.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// A single violation in the input.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>, constraint: &'static str) -> Self {
        let error = FieldError::new(field, message).constraint(constraint);
        Error::Invalid { detail: error.message.clone(), errors: vec![error] }
    }

    /// All violations in the input.
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => one.message.clone(),
            many => format!("{} fields are invalid", many.len()),
        };
        Error::Invalid { detail, errors }
    }

    /// A request that cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Error::BadRequest { detail: detail.into(), errors: Vec::new() }
    }

    /// Whether no connection to the database came free in time. Then nothing was done.
    pub(crate) fn is_acquire_timeout(&self) -> bool {
        matches!(self, Error::Unavailable(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)))
    }

    /// The database did not answer in time, although its own limits should have ended the statement.
    pub(crate) fn no_answer() -> Self {
        Error::Unavailable(DbErr::Custom("the database does not answer".into()))
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Error::Internal(format!("a stored document cannot be read or written: {error}"))
    }
}

/// One violation and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// Path of the field in the request, or the parameter's name.
    pub field: String,
    /// What is wrong and what is expected.
    pub message: String,
    /// The violated rule: `required`, `min`, `max`, `min_length`, `max_length`, `pattern`, `enum`, `format`,
    /// `unique`, `type`.
    pub constraint: Option<&'static str>,
    /// The value found, where it helps and is short.
    pub value: Option<Value>,
}

impl FieldError {
    /// A violation in `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), constraint: None, value: None }
    }

    /// Names the violated rule.
    pub fn constraint(mut self, constraint: &'static str) -> Self {
        self.constraint = Some(constraint);
        self
    }

    /// Shows the value found.
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into());
        self
    }
}
