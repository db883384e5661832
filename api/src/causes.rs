//! Errors with their causes: what some libraries say of themselves is only that something failed.

use std::error::Error;

/// An error, its cause, the cause of that, and so on.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
