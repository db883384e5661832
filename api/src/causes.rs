//! Formats errors with their causes. The message of some libraries' errors contains only that something failed.

use std::error::Error;

/// Returns the message of an error, followed by those of its chain of causes.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
