//! The mapping of service errors to HTTP error responses.

use crate::problem::{ApiError, Code, RefusalReason};
use poem::http::StatusCode;
use service::error::FieldError;

impl From<service::Error> for ApiError {
    fn from(error: service::Error) -> Self {
        use service::Error as E;
        let detail = error.to_string();
        match error {
            E::Invalid { detail, errors } => Self::invalid(detail, errors),
            E::BadRequest { detail, errors } => Self::bad_request(detail, errors),
            E::NotFound { .. } => Self::new(Code::RESOURCE_NOT_FOUND, detail),
            E::NameTaken { existing, .. } => {
                let mut taken = FieldError::new("name", "the name is taken").constraint("unique");
                taken.value = existing.map(|id| id.to_string().into());
                Self::new(Code::NAME_CONFLICT, detail).with_errors(vec![taken])
            }
            E::Conflict(_) => Self::new(Code::STATE_CONFLICT, detail),
            E::KeyInUse => Self::new(Code::STATE_CONFLICT, detail).retry_after_a_second(),
            E::PositionGone => Self::new(Code::POSITION_GONE, detail),
            E::PreconditionFailed { .. } => Self::new(Code::VERSION_CONFLICT, detail),
            E::KeyReused => Self::invalid(detail, Vec::new()).with_status(StatusCode::UNPROCESSABLE_ENTITY),
            E::Overloaded | E::OutOfPageMemory => Self::overloaded(),
            E::Locked(cause) => {
                let detail = "Other changes of the resource are in progress; try again";
                Self::temporary(Code::UNAVAILABLE, detail, cause.to_string())
                    .refused_by(RefusalReason::ResourceLocked)
            }
            E::Unavailable(cause) | E::Retryable(cause) => {
                let detail = "The database is unavailable or overloaded; try again";
                Self::temporary(Code::UNAVAILABLE, detail, cause.to_string())
                    .refused_by(RefusalReason::DatabaseUnavailable)
            }
            E::Timeout(cause) => Self::timeout().with_cause(cause.to_string()),
            E::Internal(cause) => Self::internal(cause),
        }
    }
}
