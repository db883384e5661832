//! What each error of the service becomes over HTTP.

use crate::problem::{ApiError, Code};
use poem::http::StatusCode;
use service::error::FieldError;

impl From<service::Error> for ApiError {
    fn from(error: service::Error) -> Self {
        use service::Error as E;
        let detail = error.to_string();
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, detail.clone());
        match error {
            E::Invalid { detail, errors } => Self::invalid(detail, errors),
            E::BadRequest { detail, errors } => Self::bad_request(detail, errors),
            E::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, Code::ResourceNotFound, detail),
            E::NameTaken { existing, .. } => {
                let mut taken = FieldError::new("name", "the name is taken").constraint("unique");
                taken.value = existing.map(|id| id.to_string().into());
                conflict(Code::NameConflict).with_errors(vec![taken])
            }
            E::Conflict(_) => conflict(Code::StateConflict),
            E::KeyInUse => conflict(Code::StateConflict).retry_after_a_second(),
            E::PositionGone => Self::new(StatusCode::GONE, Code::PositionGone, detail),
            E::PreconditionFailed { .. } => {
                Self::new(StatusCode::PRECONDITION_FAILED, Code::VersionConflict, detail)
            }
            E::KeyReused => Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::Validation, detail),
            E::Overloaded => Self::overloaded(),
            E::Locked(cause) => {
                let detail = "Other changes of the resource are under way; try again";
                Self::passing(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, detail, cause.to_string())
                    .refused_by("resource_locked")
            }
            E::Unavailable(cause) | E::Retryable(cause) => {
                let detail = "The database is unavailable or overloaded; try again";
                Self::passing(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, detail, cause.to_string())
                    .refused_by("database_unavailable")
            }
            E::Timeout(cause) => {
                let detail = "The request took too long; ask for less or try again";
                Self::passing(StatusCode::GATEWAY_TIMEOUT, Code::Timeout, detail, cause.to_string())
                    .refused_by("deadline_passed")
            }
            E::Internal(cause) => Self::internal(cause),
        }
    }
}
