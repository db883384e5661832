use super::cursor::{Cursor, Key};
use crate::resource::store::OrderBy;
use crate::{Error, Kind, Resource, Result};
use sea_orm::Condition;
use sea_orm::sea_query::{Expr, ExprTrait, Order, SimpleExpr};

/// The most fields one order may name.
const MAX_TERMS: usize = 8;

/// An order that tells any two resources apart: it ends in the id.
#[derive(Clone, Debug, PartialEq)]
pub struct Ordering {
    terms: Vec<OrderBy>,
    /// What a cursor of this list must have been made for.
    fingerprint: String,
}

/// Fields an order may name, and the columns behind them. Order by creation is order by id (see `id.rs`).
const FIELDS: [(&str, &[&str]); 15] = [
    ("id", &["id"]),
    ("name", &["name"]),
    ("kind", &[]),
    ("generation", &["generation"]),
    ("created_time", &["id"]),
    ("updated_time", &["updated_time"]),
    ("deleted_time", &["deleted_time"]),
    ("created_by", &["created_by"]),
    ("updated_by", &["updated_by"]),
    ("deleted_by", &["deleted_by"]),
    ("status.phase", &["phase"]),
    ("status.observed_generation", &["observed_generation"]),
    ("status.last_updated_time", &["status_updated_time"]),
    ("status.last_transition_time", &["status_transition_time"]),
    ("href", &["owner_id", "id"]),
];

impl Ordering {
    /// Reads `field [asc|desc], …`; nothing means the newest first. `list` describes the list being
    /// ordered: a cursor is only good for the list and the order it came from.
    pub fn parse(kind: Kind, text: &str, list: &[&str]) -> Result<Self, String> {
        let mut terms: Vec<OrderBy> = Vec::new();
        let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        if items.len() > MAX_TERMS {
            return Err(format!("at most {MAX_TERMS} fields may be named"));
        }
        for item in items {
            let (columns, order) = parse_term(kind, item)?;
            for column in columns {
                let ends = terms.iter().any(|term| term.column == "id" || term.column == *column);
                if !ends {
                    terms.push(OrderBy { column, order: order.clone() });
                }
            }
        }
        if !terms.iter().any(|term| term.column == "id") {
            let order = terms.last().map_or(Order::Desc, |last| last.order.clone());
            terms.push(OrderBy { column: "id", order });
        }
        let fingerprint = super::cursor::fingerprint(kind, &terms, list);
        Ok(Self { terms, fingerprint })
    }

    pub(super) fn terms(&self) -> &[OrderBy] {
        &self.terms
    }

    /// A cursor that starts behind `last`.
    pub(super) fn cursor_at(&self, last: &Resource) -> String {
        let keys = self.terms.iter().map(|term| Key::of(last, term.column)).collect();
        Cursor { fingerprint: self.fingerprint.clone(), keys }.encode()
    }

    /// What comes after `cursor`. An absent value counts as greater than every other.
    pub(super) fn after(&self, cursor: &Cursor) -> Result<Condition> {
        if cursor.fingerprint != self.fingerprint || cursor.keys.len() != self.terms.len() {
            return Err(Error::bad_request(
                "the cursor belongs to another list: use it with the search and order it came with",
            ));
        }
        if let Some(tuple) = self.tuple_after(cursor)? {
            return Ok(Condition::all().add(tuple));
        }
        let mut after = Condition::any();
        let mut equal = Condition::all();
        for (term, key) in self.terms.iter().zip(&cursor.keys) {
            let column = || Expr::col(term.column);
            let descending = term.order == Order::Desc;
            let beyond = match key.value(term.column)? {
                None if descending => Some(Condition::all().add(column().is_not_null())),
                None => None,
                Some(value) if descending => Some(Condition::all().add(column().lt(value))),
                Some(value) => Some(Condition::any().add(column().gt(value)).add(column().is_null())),
            };
            if let Some(beyond) = beyond {
                after = after.add(equal.clone().add(beyond));
            }
            equal = match key.value(term.column)? {
                None => equal.add(column().is_null()),
                Some(value) => equal.add(column().eq(value)),
            };
        }
        Ok(after)
    }

    /// One comparison of rows, which an index over the columns can answer: possible if all terms run in
    /// one direction and none can be absent.
    fn tuple_after(&self, cursor: &Cursor) -> Result<Option<SimpleExpr>> {
        let first = &self.terms[0].order;
        let uniform = self.terms.iter().all(|term| term.order == *first && !term.nullable());
        if !uniform {
            return Ok(None);
        }
        let mut values = Vec::new();
        for (term, key) in self.terms.iter().zip(&cursor.keys) {
            match key.value(term.column)? {
                Some(value) => values.push(Expr::val(value)),
                None => return Err(Error::bad_request("the cursor is damaged")),
            }
        }
        let columns = Expr::tuple(self.terms.iter().map(|term| Expr::col(term.column)));
        let values = Expr::tuple(values);
        Ok(Some(if *first == Order::Desc { columns.lt(values) } else { columns.gt(values) }))
    }
}

fn parse_term(kind: Kind, item: &str) -> Result<(&'static [&'static str], Order), String> {
    let mut words = item.split_whitespace();
    let field = words.next().unwrap_or_default();
    let order = match words.next().map(str::to_ascii_lowercase).as_deref() {
        None | Some("asc") => Order::Asc,
        Some("desc") => Order::Desc,
        Some(other) => return Err(format!("'{}' is no direction: use asc or desc", shortened(other))),
    };
    if words.next().is_some() {
        return Err(format!("'{}' is not of the form 'field' or 'field asc|desc'", shortened(item)));
    }
    match FIELDS.iter().find(|(name, _)| *name == field) {
        Some(("href", _)) if kind == Kind::Cluster => Ok((&["id"], order)),
        Some((_, columns)) => Ok((columns, order)),
        None if field == "owner_id" && kind == Kind::NodePool => Ok((&["owner_id"], order)),
        None => {
            let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
            Err(format!("'{}' is no field to order by; there are {}", shortened(field), known.join(", ")))
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
