//! Why an OpenAPI file cannot be used.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why an OpenAPI file cannot be used. Places are JSON pointers into the file.
#[derive(Debug, Error)]
pub enum SpecSchemaError {
    /// The file is missing or cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is larger than any schema should be.
    #[error("the OpenAPI file is larger than {limit} bytes")]
    TooLarge {
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// The text is neither YAML nor JSON, or nested too deeply.
    #[error("the OpenAPI file cannot be parsed: {0}")]
    Syntax(String),
    /// The text is a document, but not an OpenAPI one of a version that is understood.
    #[error("not an OpenAPI 3.0 or 3.1 document: {0}")]
    NotOpenApi(String),
    /// A reference leads out of the file.
    #[error(
        "{at}: $ref {reference:?} leads out of the file; only references that start with #/ are followed"
    )]
    OutsideReference {
        /// The schema that holds the reference.
        at: String,
        /// The reference, shortened.
        reference: String,
    },
    /// A reference leads to nothing.
    #[error("{at}: $ref {reference:?} leads to nothing in the file")]
    DanglingReference {
        /// The schema that holds the reference.
        at: String,
        /// The reference, shortened.
        reference: String,
    },
    /// A schema refers to itself without a property or an item in between.
    #[error("{at}: the schema refers to itself without a property or an item in between")]
    EndlessReference {
        /// A schema on the circle.
        at: String,
    },
    /// A value would have to pass too many schemas, one referring to the next.
    #[error("{at}: more than {limit} schemas apply one through the other; refer to them more directly")]
    TooDeep {
        /// The schema that is one too many.
        at: String,
        /// How many may follow one another.
        limit: usize,
    },
    /// A keyword of JSON Schema that is not applied here.
    #[error("{at}: {keyword} is not supported; use $ref with a reference that starts with #/")]
    Unsupported {
        /// The schema that holds the keyword.
        at: String,
        /// The keyword.
        keyword: &'static str,
    },
    /// A pattern that is no regular expression, cannot run in linear time, or is too large.
    #[error("{at}: {pattern:?} is no regular expression without look-around and back-references")]
    Pattern {
        /// The place of the pattern.
        at: String,
        /// The pattern, shortened.
        pattern: String,
    },
    /// A schema that breaks the rules for schemas.
    #[error("{at}: {message}")]
    Invalid {
        /// The place of the mistake.
        at: String,
        /// What was expected there.
        message: String,
    },
}
