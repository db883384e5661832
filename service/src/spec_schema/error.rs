//! Errors of OpenAPI files.

use std::fmt::Display;

/// Why an OpenAPI file cannot be used, for the operator: a description of the problem, and where it concerns one
/// location, a JSON pointer into the file.
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
