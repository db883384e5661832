use super::cursor::{Cursor, Key};
use crate::error::{Error, Result};
use crate::field::{self, Column, ID};
use crate::kind::Kind;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::sea_query::Order;
use sha2::{Digest, Sha256};

/// The most fields that one order may name.
const MAX_TERMS: usize = 8;

/// An order that tells any two resources apart: it ends in the id.
#[derive(Clone, Debug, PartialEq)]
pub struct Ordering {
    terms: Vec<Term>,
    /// What a cursor of this list must have been made for.
    fingerprint: String,
}

/// One term of an order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term {
    pub(crate) column: Column,
    pub(crate) direction: Order,
}

impl Term {
    pub(crate) fn is_descending(&self) -> bool {
        self.direction == Order::Desc
    }
}

impl Ordering {
    /// Reads `field [asc|desc], …`; nothing means the newest first. `list` describes the list being ordered: a
    /// cursor is only good for the list and the order that it came from.
    pub fn parse(kind: Kind, text: &str, list: &[&str]) -> Result<Self, String> {
        let mut terms: Vec<Term> = Vec::new();
        let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        if items.len() > MAX_TERMS {
            return Err(format!("at most {MAX_TERMS} fields may be named"));
        }
        for item in items {
            let (columns, direction) = parse_term(kind, item)?;
            for column in columns {
                let decided = terms.iter().any(|term| term.column == ID || term.column == column);
                if !decided {
                    terms.push(Term { column, direction: direction.clone() });
                }
            }
        }
        if !terms.iter().any(|term| term.column == ID) {
            let direction = terms.last().map_or(Order::Desc, |last| last.direction.clone());
            terms.push(Term { column: ID, direction });
        }
        let fingerprint = fingerprint(kind, &terms, list);
        Ok(Self { terms, fingerprint })
    }

    pub(crate) fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// A cursor that continues after the resource with these keys. `position` is that of the first page.
    pub(crate) fn cursor(&self, keys: Vec<Key>, position: Option<String>) -> String {
        Cursor { fingerprint: self.fingerprint.clone(), keys, position }.encode()
    }

    /// The keys of a cursor of this list.
    pub(crate) fn keys<'a>(&self, cursor: &'a Cursor) -> Result<&'a [Key]> {
        if cursor.fingerprint != self.fingerprint || cursor.keys.len() != self.terms.len() {
            return Err(Error::bad_request(
                "the cursor belongs to another list: use it with the search and order it came with",
            ));
        }
        Ok(&cursor.keys)
    }
}

fn parse_term(kind: Kind, item: &str) -> Result<(Vec<Column>, Order), String> {
    let mut words = item.split_whitespace();
    let name = words.next().unwrap_or_default();
    let direction = match words.next().map(str::to_ascii_lowercase).as_deref() {
        None | Some("asc") => Order::Asc,
        Some("desc") => Order::Desc,
        Some(other) => return Err(format!("'{}' is no direction: use asc or desc", shortened(other))),
    };
    if words.next().is_some() {
        return Err(format!("'{}' is not of the form 'field' or 'field asc|desc'", shortened(item)));
    }
    match field::find(name) {
        Some(field) => Ok((field.source.order(kind), direction)),
        None => {
            let known = field::names();
            Err(format!("'{}' is no field to order by; there are {known}", shortened(name)))
        }
    }
}

/// Says which list and order a cursor is good for.
fn fingerprint(kind: Kind, terms: &[Term], list: &[&str]) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    };
    add(kind.as_str());
    for term in terms {
        add(term.column.name);
        add(if term.is_descending() { "desc" } else { "asc" });
    }
    for part in list {
        add(part);
    }
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..12])
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
