//! The errors of operations.

use sea_orm::{ConnAcquireErr, DbErr};
use serde_json::Value;
use uuid::Uuid;

/// The maximum length of a text that an error message quotes, in characters.
const MAX_QUOTED: usize = 80;

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why an operation failed. No variant names an HTTP status; the `api` crate maps errors to statuses.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input violates rules. All violations are listed.
    #[error("{detail}")]
    Invalid {
        /// A summary.
        detail: String,
        /// The violations, each with the path of its field.
        errors: Vec<FieldError>,
    },
    /// The request cannot be parsed: a search, an order, a cursor, or an update without content.
    #[error("{detail}")]
    BadRequest {
        /// A summary.
        detail: String,
        /// The violations, each with the name of its parameter.
        errors: Vec<FieldError>,
    },
    /// The resource does not exist.
    #[error("{kind} with id='{id}' not found")]
    NotFound {
        /// The kind of the requested resource.
        kind: &'static str,
        /// The id as requested.
        id: String,
    },
    /// The name is in use by a resource that is not marked for deletion.
    #[error("{kind} '{name}' already exists{}", existing.map(|id| format!(" with id='{id}'")).unwrap_or_default())]
    NameTaken {
        /// The kind of both resources.
        kind: &'static str,
        /// The requested name.
        name: String,
        /// The id of the resource that has the name; `None` if it was removed in the meantime.
        existing: Option<Uuid>,
    },
    /// The state of the resource forbids the operation.
    #[error("{0}")]
    Conflict(String),
    /// The changes after a position of the log of changes are no longer available.
    #[error("The changes after this position are no longer available; list again")]
    PositionGone,
    /// Another request with the same idempotency key is still running. A retry may succeed.
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
    /// The database cannot be reached or refuses to work. A retry may succeed.
    #[error("the database is unavailable")]
    Unavailable(#[source] DbErr),
    /// The request waited too long before it started. A retry may succeed.
    #[error("the service is overloaded, try again later")]
    Overloaded,
    /// There is not enough memory for another large page now. Never leaves this crate: the page is read again when there
    /// is enough.
    #[error("there is not enough memory for the page")]
    OutOfPageMemory,
    /// Another transaction holds a lock that this one needs. A retry may succeed.
    #[error("the resource is locked by another change, try again later")]
    Locked(#[source] DbErr),
    /// The database gave precedence to another transaction at every attempt. A retry may succeed.
    #[error("the transaction conflicted with another one")]
    Retryable(#[source] DbErr),
    /// A statement exceeded its time limit in the database.
    #[error("the database took too long")]
    Timeout(#[source] DbErr),
    /// An internal error.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// Creates an error for a single violation in the input.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>, constraint: &'static str) -> Self {
        let error = FieldError::new(field, message).constraint(constraint);
        Error::Invalid { detail: error.message.clone(), errors: vec![error] }
    }

    /// Creates an error for all violations in the input.
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => one.message.clone(),
            many => format!("{} fields are invalid", many.len()),
        };
        Error::Invalid { detail, errors }
    }

    /// Creates an error for a request that cannot be parsed.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Error::BadRequest { detail: detail.into(), errors: Vec::new() }
    }

    /// Whether no connection to the database became available before the timeout. If so, the operation had no
    /// effect.
    pub(crate) fn is_acquire_timeout(&self) -> bool {
        matches!(self, Error::Unavailable(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)))
    }

    /// Creates the error for a database that did not answer, although its own time limits should have ended the
    /// statement.
    pub(crate) fn no_answer() -> Self {
        Error::Unavailable(DbErr::Custom("the database does not answer".into()))
    }
}

/// Returns the start of a text for an error message that quotes it.
#[must_use]
pub fn shortened(text: &str) -> String {
    text.chars().take(MAX_QUOTED).collect()
}

/// Returns the text, or its first `max` characters followed by an ellipsis.
pub(crate) fn abbreviated(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Error::Internal(format!("a stored document cannot be read or written: {error}"))
    }
}

/// A violation and its location.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// The path of the field in the request, or the name of the parameter.
    pub field: String,
    /// A message that names the problem and the expected value.
    pub message: String,
    /// The violated rule: `required`, `min`, `max`, `min_length`, `max_length`, `pattern`, `enum`, `format`,
    /// `unique`, `type`.
    pub constraint: Option<&'static str>,
    /// The value found, if it is useful and short.
    pub value: Option<Value>,
}

impl FieldError {
    /// Creates a violation in `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), constraint: None, value: None }
    }

    /// Sets the violated rule.
    pub fn constraint(mut self, constraint: &'static str) -> Self {
        self.constraint = Some(constraint);
        self
    }

    /// Sets the value found.
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into());
        self
    }
}
