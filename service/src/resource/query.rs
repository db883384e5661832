//! What is asked of a list.

use crate::dialect::Dialect;
use crate::error::Result;
use crate::list::collection::Collection;
use crate::list::cursor::Cursor;
use crate::list::order::Ordering;
use crate::search::filter::Filter;
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
    pub(super) fn matching(
        &self,
        collection: &Collection,
        owner: Option<Uuid>,
        dialect: Dialect,
    ) -> Condition {
        let mut condition = Condition::all();
        if let Some(owner) = owner {
            condition = condition.add(Expr::col("owner_id").eq(owner));
        }
        if let Some(filter) = &self.filter {
            condition = condition.add(sql::condition(filter, *collection, dialect));
        }
        condition
    }

    /// The page of what matches.
    pub(super) fn page(&self, matching: Condition) -> Result<PageQuery<'_>> {
        let order = self.order.terms();
        let condition = match &self.from {
            Start::Page(_) => matching,
            Start::Cursor(cursor) => matching.add(page::after(order, self.order.keys(cursor)?)?),
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
