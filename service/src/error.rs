use crate::Kind;
use crate::status::DiscardReason;
use sea_orm::DbErr;
use uuid::Uuid;

/// The result of what the service does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done. None names an HTTP status; the `api` crate has a table for that.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was sent breaks rules; every fault is listed.
    #[error("{detail}")]
    Invalid {
        /// What was found wrong as a whole.
        detail: String,
        /// Each fault with the path of its field.
        errors: Vec<FieldError>,
    },
    /// What was asked cannot be understood: a search, an order, a cursor, a change of nothing.
    #[error("{detail}")]
    BadRequest {
        /// What was found wrong as a whole.
        detail: String,
        /// Each fault with the parameter it is in.
        errors: Vec<FieldError>,
    },
    /// No such resource.
    #[error("{kind} with id='{id}' not found")]
    NotFound {
        /// The kind looked for.
        kind: Kind,
        /// The id as it was asked for.
        id: String,
    },
    /// A live resource has the name already.
    #[error("{kind} '{name}' already exists{}", existing.map(|id| format!(" with id='{id}'")).unwrap_or_default())]
    NameTaken {
        /// The kind named.
        kind: Kind,
        /// The name asked for.
        name: String,
        /// The resource that has it, unless it went in the same moment.
        existing: Option<Uuid>,
    },
    /// The resource's state forbids it.
    #[error("{0}")]
    Conflict(String),
    /// The resource is no longer at the version the caller named.
    #[error("the resource has changed: its entity tag is now {current}")]
    PreconditionFailed {
        /// The entity tag now.
        current: String,
    },
    /// The idempotency key was used with another request.
    #[error("the Idempotency-Key was used before with a different request")]
    KeyReused,
    /// The database cannot be reached or refuses to work; worth another try.
    #[error("the database is unavailable")]
    Unavailable(#[source] DbErr),
    /// Everything that could do it is busy, and has been for as long as a request may wait; worth another try.
    #[error("the service is busy, try again later")]
    Overloaded,
    /// The database gave way to another transaction every time it was tried; worth another try.
    #[error("the database gave way to another transaction")]
    GaveWay(#[source] DbErr),
    /// The database took longer than a request may.
    #[error("the database took too long")]
    Timeout(#[source] DbErr),
    /// Ours.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// A single fault in what was sent.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>, constraint: &'static str) -> Self {
        let error = FieldError::new(field, message).constraint(constraint);
        Error::Invalid { detail: error.message.clone(), errors: vec![error] }
    }

    /// The same failure of the database, for another request that it concerns.
    pub(crate) fn shared(&self) -> Self {
        match self {
            Error::Unavailable(cause) => Error::Unavailable(cause.clone()),
            Error::Timeout(cause) => Error::Timeout(cause.clone()),
            Error::Overloaded => Error::Overloaded,
            Error::GaveWay(cause) => Error::GaveWay(cause.clone()),
            other => Error::Internal(other.to_string()),
        }
    }

    /// The database has not answered for longer than it would take for anything.
    pub(crate) fn no_answer() -> Self {
        crate::db::breaks::note();
        Error::Unavailable(DbErr::Custom("the database does not answer".into()))
    }

    /// A request that cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Error::BadRequest { detail: detail.into(), errors: Vec::new() }
    }

    /// The resource is being deleted, which forbids what was asked.
    pub fn finalizing(kind: Kind, id: Uuid) -> Self {
        Error::Conflict(format!("{kind} '{id}' is marked for deletion"))
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Error::Internal(format!("a stored document cannot be read or written: {error}"))
    }
}

/// One fault, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// Path of the field in the request, or the parameter's name.
    pub field: String,
    /// What is wrong and what is expected.
    pub message: String,
    /// The rule broken: `required`, `min`, `max`, `min_length`, `max_length`, `pattern`, `enum`, `format`,
    /// `unique`, `type`.
    pub constraint: Option<&'static str>,
    /// The value found, where it helps and is short.
    pub value: Option<serde_json::Value>,
}

impl FieldError {
    /// A fault of `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), constraint: None, value: None }
    }

    /// Names the rule that was broken.
    pub fn constraint(mut self, constraint: &'static str) -> Self {
        self.constraint = Some(constraint);
        self
    }

    /// Shows the value found.
    pub fn value(mut self, value: impl Into<serde_json::Value>) -> Self {
        self.value = Some(value.into());
        self
    }
}

/// What became of a report.
#[derive(Debug)]
pub enum Outcome<T> {
    /// It was stored.
    Stored(T),
    /// It was older than what is known, or from a future that has not happened.
    Discarded(DiscardReason),
}
