//! The orders of lists.

use super::collection::Collection;
use super::cursor::{Cursor, SortKey};
use crate::digest::digest;
use crate::error::{Error, Result, shortened};
use crate::field::Column;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The default order.
const NEWEST_FIRST: &str = "created_time desc";

/// A total order of the items of a list: its last term is their key.
#[derive(Clone, Debug, PartialEq)]
pub struct ListOrder {
    terms: Vec<Term>,
    /// The fingerprint that a cursor of this list must have.
    fingerprint: String,
}

/// One term of an order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term {
    pub(crate) column: Column,
    pub(crate) descending: bool,
}

impl Term {
    pub(crate) fn ascending(column: Column) -> Self {
        Self { column, descending: false }
    }
}

impl ListOrder {
    /// The maximum number of fields in an order.
    pub const MAX_TERMS: usize = 8;

    /// Parses `field [asc|desc], …`. A blank text means newest first. `list` describes the list that is ordered: a
    /// cursor is only valid for the list and the order that it was created for.
    ///
    /// # Errors
    /// The text is not an order. The error describes what is wrong with it.
    pub fn parse(collection: &Collection, text: &str, list: &[&str]) -> Result<Self, String> {
        let text = if text.trim().is_empty() { NEWEST_FIRST } else { text };
        let key = collection.key;
        let mut terms: Vec<Term> = Vec::new();
        let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        if items.len() > Self::MAX_TERMS {
            return Err(format!("at most {} fields may be named", Self::MAX_TERMS));
        }
        for item in items {
            let (columns, descending) = parse_term(collection, item)?;
            for column in columns {
                let decided = terms.iter().any(|term| term.column == key || term.column == column);
                if !decided {
                    terms.push(Term { column, descending });
                }
            }
        }
        if !terms.iter().any(|term| term.column == key) {
            let descending = terms.last().is_none_or(|last| collection.key_follows && last.descending);
            terms.push(Term { column: key, descending });
        }
        let fingerprint = fingerprint(collection.item, &terms, list);
        Ok(Self { terms, fingerprint })
    }

    pub(crate) fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Returns the identifier of the list and its order.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Returns a cursor that continues after the item with these keys. `position` is the position of the first
    /// page.
    pub(crate) fn cursor(&self, keys: Vec<SortKey>, position: Option<String>) -> String {
        Cursor { fingerprint: self.fingerprint.clone(), keys, position }.encode()
    }

    /// Returns the keys of a cursor of this list.
    pub(crate) fn keys<'a>(&self, cursor: &'a Cursor) -> Result<&'a [SortKey]> {
        if cursor.fingerprint != self.fingerprint || cursor.keys.len() != self.terms.len() {
            return Err(Error::bad_request(
                "The cursor belongs to another list; use it with the search and order it came with",
            ));
        }
        Ok(&cursor.keys)
    }
}

fn parse_term(collection: &Collection, item: &str) -> Result<(Vec<Column>, bool), String> {
    let mut words = item.split_whitespace();
    let name = words.next().unwrap_or_default();
    let descending = match words.next().map(str::to_ascii_lowercase).as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(other) => return Err(format!("'{}' is not a direction; use asc or desc", shortened(other))),
    };
    if words.next().is_some() {
        return Err(format!("'{}' is not of the form 'field' or 'field asc|desc'", shortened(item)));
    }
    match collection.field(name) {
        Some(field) => Ok((field.source.order(collection.nested), descending)),
        None => {
            let known = collection.names().join(", ");
            Err(format!("cannot order by '{}'; use one of: {known}", shortened(name)))
        }
    }
}

/// Identifies the list and the order that a cursor is valid for.
fn fingerprint(item: &str, terms: &[Term], list: &[&str]) -> String {
    let terms =
        terms.iter().flat_map(|term| [term.column.name, if term.descending { "desc" } else { "asc" }]);
    let digest = digest([item].into_iter().chain(terms).chain(list.iter().copied()));
    URL_SAFE_NO_PAD.encode(&digest[..12])
}
