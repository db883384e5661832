//! Why a search text is refused.

use std::fmt::Display;

/// A search text that is refused: where, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at position {position}: {message}")]
pub struct SearchError {
    /// Offset into the text, in bytes from its beginning.
    pub position: usize,
    /// What was expected, and what was found instead.
    pub message: String,
}

/// The outcome of a step of the search language.
pub(super) type Result<T> = std::result::Result<T, SearchError>;

/// Refuses the text at `position`.
pub(super) fn refuse<T>(position: usize, message: impl Into<String>) -> Result<T> {
    Err(SearchError { position, message: message.into() })
}

/// Refuses the text at `position`, where `expected` should have stood.
pub(super) fn expected<T>(position: usize, expected: &str, found: impl Display) -> Result<T> {
    refuse(position, format!("expected {expected}, found {found}"))
}

/// A piece of the text as an error message shows it: quoted, and cut where it gets long.
pub(super) fn quoted(source: &str) -> String {
    const SHOWN: usize = 40;
    match source.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}…`", &source[..end]),
        None => format!("`{source}`"),
    }
}
