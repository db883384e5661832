//! What is asked of a list.

use crate::dialect::Dialect;
use crate::error::Result;
use crate::list::collection::Collection;
use crate::list::cursor::{Cursor, Key};
use crate::list::order::Ordering;
use crate::search::filter::Filter;
use crate::search::scan::Scan;
use crate::search::sql;
use crate::store::page::{self, PageQuery};
use sea_orm::Condition;
use sea_orm::sea_query::{Expr, ExprTrait};
use uuid::Uuid;

/// Which part of a list is asked for.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Only what matches.
    pub filter: Option<Filter>,
    /// In this order.
    pub order: Ordering,
    /// From here.
    pub from: Start,
    /// At most so many.
    pub size: u64,
    /// Whether to count all that match.
    pub total: bool,
}

/// What is listed, and by which engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListOf {
    pub(super) collection: Collection,
    /// Only what belongs to it.
    pub(super) owner: Option<Uuid>,
    pub(super) dialect: Dialect,
}

/// Where a page starts.
#[derive(Clone, Debug)]
pub enum Start {
    /// After so many pages of the same size, counted from 1.
    Page(u64),
    /// Where another page ended.
    Cursor(Cursor),
}

impl ListQuery {
    /// What is in the whole list.
    pub(super) fn matching(&self, list: &ListOf) -> Condition {
        self.within(list, Scan::default())
    }

    /// The same; `None` if that is everything of its kind.
    pub(super) fn narrowing(&self, list: &ListOf) -> Option<Condition> {
        (list.owner.is_some() || self.filter.is_some()).then(|| self.matching(list))
    }

    /// What comes after the item with these keys, in a list of which about so many items match, if that is known.
    pub(super) fn following(&self, list: &ListOf, keys: &[Key], total: Option<u64>) -> Result<Condition> {
        let order = self.order.terms();
        let scan = Scan { beyond: page::id_after(order, keys)?, ..Scan::of(total) };
        Ok(self.within(list, scan).add(page::after(order, keys)?))
    }

    /// What is in the whole list, to be read in its order.
    pub(super) fn in_order(&self, list: &ListOf, total: u64) -> Condition {
        self.within(list, Scan::of(Some(total)))
    }

    fn within(&self, list: &ListOf, scan: Scan) -> Condition {
        let matching = |filter| sql::condition(filter, list.collection, list.dialect, scan);
        Condition::all()
            .add_option(list.owner.map(|owner| Expr::col("owner_id").eq(owner)))
            .add_option(self.filter.as_ref().map(matching))
    }

    /// The page of what matches.
    pub(super) fn page(&self, list: &ListOf) -> Result<PageQuery<'_>> {
        let order = self.order.terms();
        let condition = match &self.from {
            Start::Page(_) => self.matching(list),
            Start::Cursor(cursor) => self.following(list, self.order.keys(cursor)?, None)?,
        };
        Ok(PageQuery { condition, order, size: self.size, offset: self.offset(), numbered: false })
    }

    /// How many items come before a page by number.
    pub(super) fn offset(&self) -> u64 {
        match self.from {
            Start::Page(page) => (page - 1) * self.size,
            Start::Cursor(_) => 0,
        }
    }
}
