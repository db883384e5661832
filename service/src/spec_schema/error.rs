//! Why an OpenAPI file cannot be used.

use std::fmt::Display;

/// Why an OpenAPI file cannot be used, for the operator: the location, a JSON pointer into the file, if it is
/// about one, and what is wrong there.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SpecSchemaError(String);

impl SpecSchemaError {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }

    pub(super) fn at(location: impl Display, problem: impl Display) -> Self {
        Self(format!("{location}: {problem}"))
    }
}
