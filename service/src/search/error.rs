//! Errors of search texts.

use crate::error::abbreviated;
use std::fmt::Display;

/// An invalid search text: the position of the error, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {character}: {message}")]
pub struct SearchError {
    /// The position of the error in characters, counted from 1. One past the last character if the text ends too
    /// early.
    pub character: usize,
    /// What was expected, and what was found instead.
    pub message: String,
}

/// An error that a step of the search language returns.
#[derive(Debug)]
pub(super) struct SyntaxFault {
    /// The offset into the text, in bytes.
    pub(super) position: usize,
    pub(super) message: String,
}

/// The result of a step of the search language.
pub(super) type Result<T> = std::result::Result<T, SyntaxFault>;

impl SyntaxFault {
    /// Converts the fault to an error for the client, which counts characters instead of bytes.
    pub(super) fn in_text(self, text: &str) -> SearchError {
        let before = text.char_indices().take_while(|(offset, _)| *offset < self.position).count();
        SearchError { character: before + 1, message: self.message }
    }
}

/// Returns a fault at `position`.
pub(super) fn refuse<T>(position: usize, message: impl Into<String>) -> Result<T> {
    Err(SyntaxFault { position, message: message.into() })
}

/// Returns a fault at `position`, where `expected` was required.
pub(super) fn expected<T>(position: usize, expected: &str, found: impl Display) -> Result<T> {
    refuse(position, format!("expected {expected}, found {found}"))
}

/// Quotes a part of the text for an error message, and truncates it if it is long.
pub(super) fn quoted(source: &str) -> String {
    const SHOWN: usize = 40;
    format!("`{}`", abbreviated(source, SHOWN))
}
