//! Positions in the log of changes, as stored by followers.

use crate::kind::Kind;
use sha2::{Digest, Sha256};
use std::fmt;
use uuid::Uuid;

/// The identifier of a log: eight hexadecimal digits. It changes when a new log begins, and when the database is
/// restored or fails over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogId(String);

impl LogId {
    /// Returns the identifier of the log with this epoch on this timeline.
    pub(super) fn of(epoch: Uuid, timeline: &str) -> Self {
        let hash = Sha256::new().chain_update(epoch).chain_update(timeline).finalize();
        Self(format!("{hash:.8x}"))
    }
}

/// A position in the log of changes. Opaque to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub(crate) log: LogId,
    pub(crate) offset: Offset,
}

/// The place within a log from which a follower continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offset {
    /// After the change with this number.
    Change(i64),
    /// Within the present state, after the resource with this id. The changes after `then` follow.
    Snapshot { then: i64, kind: Kind, after: Uuid },
}

impl Position {
    /// Parses the text form of a position; `None` if the text is not a position.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let log = parts.next().filter(|log| log.len() == 8 && log.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let digits = parts.next().filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
        let number: i64 = digits.parse().ok()?;
        let offset = match parts.next() {
            None => Offset::Change(number),
            Some(last) => {
                let (kind, id) = last.split_at_checked(1)?;
                let kind = Kind::ALL.into_iter().find(|known| letter(*known) == kind)?;
                let after = Uuid::try_parse(id).ok().filter(|_| id.len() == 32)?;
                Offset::Snapshot { then: number, kind, after }
            }
        };
        parts.next().is_none().then(|| Self { log: LogId(log.to_owned()), offset })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = &self.log.0;
        match self.offset {
            Offset::Change(number) => write!(f, "{log}-{number}"),
            Offset::Snapshot { then, kind, after } => {
                write!(f, "{log}-{then}-{}{}", letter(kind), after.simple())
            }
        }
    }
}

/// The letter that represents a kind.
fn letter(kind: Kind) -> &'static str {
    kind.description().letter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written() {
        let log = LogId::of(Uuid::nil(), "00000001");
        assert_ne!(log, LogId::of(Uuid::nil(), "00000002"));
        assert_eq!(log.0, "4b4d887e", "other versions must give the log the same name");
        let offsets = [
            Offset::Change(0),
            Offset::Change(i64::MAX),
            Offset::Snapshot { then: 7, kind: Kind::Cluster, after: Uuid::max() },
            Offset::Snapshot { then: 7, kind: Kind::NodePool, after: Uuid::nil() },
        ];
        for offset in offsets {
            let position = Position { log: log.clone(), offset };
            assert_eq!(Position::parse(&position.to_string()), Some(position));
        }
    }

    #[test]
    fn each_kind_has_a_letter_of_its_own() {
        let letters: std::collections::BTreeSet<&str> = Kind::ALL.into_iter().map(letter).collect();
        assert_eq!(letters.len(), Kind::ALL.len());
        assert!(letters.iter().all(|letter| letter.len() == 1));
    }

    #[test]
    fn what_is_no_position_is_refused() {
        let nil = Uuid::nil().simple();
        let long = format!("0123abcd-1-C{nil}-");
        for text in [
            "",
            "-",
            "0123abcd",
            "0123abcd-",
            "0123abcd-x",
            "0123abcd--1",
            "0123abcd-+1",
            "0123abc-1",
            "0123abcdé-1",
            "0123abcd-9223372036854775808",
            "0123abcd-1-",
            "0123abcd-1-C",
            "0123abcd-1-é",
            "0123abcd-1-X0",
            "now",
            &long,
        ] {
            assert_eq!(Position::parse(text), None, "{text}");
        }
    }
}
