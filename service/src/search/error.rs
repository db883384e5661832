//! Why a search text is refused.

use std::fmt::Display;

/// A search text that is refused: where, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {character}: {message}")]
pub struct SearchError {
    /// The character of the text, counted from 1. Behind the last one if the text ends too early.
    pub character: usize,
    /// What was expected, and what was found instead.
    pub message: String,
}

/// What a step of the search language refuses.
#[derive(Debug)]
pub(super) struct Fault {
    /// Offset into the text, in bytes from its beginning.
    pub(super) position: usize,
    pub(super) message: String,
}

/// The outcome of a step of the search language.
pub(super) type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    /// The same for whoever wrote the text, who counts characters.
    pub(super) fn in_text(self, text: &str) -> SearchError {
        let before = text.char_indices().take_while(|(offset, _)| *offset < self.position).count();
        SearchError { character: before + 1, message: self.message }
    }
}

/// Refuses the text at `position`.
pub(super) fn refuse<T>(position: usize, message: impl Into<String>) -> Result<T> {
    Err(Fault { position, message: message.into() })
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
