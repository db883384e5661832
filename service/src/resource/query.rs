//! What is asked of a list.

use crate::db::Executor;
use crate::error::Result;
use crate::field::ID;
use crate::kind::Kind;
use crate::list::collection::Collection;
use crate::list::cursor::{Cursor, SortKey};
use crate::list::order::Ordering;
use crate::search::filter::Filter;
use crate::search::scan::Scan;
use crate::search::sql;
use crate::store::access_path::{self, Needs};
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

/// What is listed.
#[derive(Clone, Copy)]
pub(super) struct ListOf<'a> {
    /// The database that is read.
    pub(super) db: &'a Executor,
    pub(super) kind: Kind,
    pub(super) collection: Collection,
    /// Only what belongs to it.
    pub(super) owner: Option<Uuid>,
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
    /// What is in the whole list, read in this way.
    pub(super) fn matching(&self, list: &ListOf<'_>, scan: Scan) -> Condition {
        let matching = |filter| sql::condition(filter, list.collection, list.db.dialect(), scan);
        Condition::all()
            .add_option(list.owner.map(|owner| Expr::col("owner_id").eq(owner)))
            .add_option(self.filter.as_ref().map(matching))
    }

    /// What is counted for the total; `None` if that is everything of its kind.
    pub(super) async fn counted(&self, list: &ListOf<'_>) -> Result<Option<Condition>> {
        if list.owner.is_none() && self.filter.is_none() {
            return Ok(None);
        }
        let needs = Needs { is_owned: list.owner.is_some(), ..Needs::default() };
        let scan = access_path::choose(list.db, list.kind, self.filter.as_ref(), needs).await?;
        Ok(Some(self.matching(list, scan)))
    }

    /// The page of what matches.
    pub(super) async fn page(&self, list: &ListOf<'_>) -> Result<PageQuery<'_>> {
        let after = match &self.from {
            Start::Page(_) => None,
            Start::Cursor(cursor) => Some(self.order.keys(cursor)?),
        };
        self.following(list, after, self.offset(), None).await
    }

    /// The page that begins so many items after the item with these keys, or after the beginning, in a list of `total`
    /// items, if that is known.
    pub(super) async fn following(
        &self,
        list: &ListOf<'_>,
        keys: Option<&[SortKey]>,
        offset: u64,
        total: Option<u64>,
    ) -> Result<PageQuery<'_>> {
        let (order, size) = (self.order.terms(), self.size);
        let beyond = keys.map(|keys| page::id_after(order, keys)).transpose()?.flatten();
        let (first, is_owned, by_id) = (Some(offset + size), list.owner.is_some(), order[0].column == ID);
        let needs = Needs { first, total, beyond, is_owned, by_id };
        let scan = access_path::choose(list.db, list.kind, self.filter.as_ref(), needs).await?;
        let after = keys.map(|keys| page::after(order, keys)).transpose()?;
        let condition = self.matching(list, scan).add_option(after);
        Ok(PageQuery { condition, order, size, offset, numbered: false })
    }

    /// How many items come before a page by number.
    pub(super) fn offset(&self) -> u64 {
        match self.from {
            Start::Page(page) => (page - 1) * self.size,
            Start::Cursor(_) => 0,
        }
    }
}
