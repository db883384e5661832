//! The parameters of a list request.

use crate::db::Executor;
use crate::error::Result;
use crate::field::ID;
use crate::kind::Kind;
use crate::list::collection::Collection;
use crate::list::cursor::{Cursor, SortKey};
use crate::list::order::ListOrder;
use crate::search::filter::Filter;
use crate::search::scan::Scan;
use crate::search::sql;
use crate::store::access_path::{self, Needs};
use crate::store::page::{self, PageQuery};
use sea_orm::Condition;
use sea_orm::sea_query::{Expr, ExprTrait};
use uuid::Uuid;

/// The part of a list that is requested.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// The filter that items match.
    pub filter: Option<Filter>,
    /// The order of the items.
    pub order: ListOrder,
    /// Where the page starts.
    pub from: Start,
    /// The maximum number of items.
    pub size: u64,
    /// Whether to count all matching items.
    pub total: bool,
}

/// The list that is read.
#[derive(Clone, Copy)]
pub(super) struct ListSource<'a> {
    /// The database that is read.
    pub(super) db: &'a Executor,
    pub(super) kind: Kind,
    pub(super) collection: Collection,
    /// Only the items of this owner.
    pub(super) owner: Option<Uuid>,
}

/// Where a page starts.
#[derive(Clone, Debug)]
pub enum Start {
    /// The page with this number, counted from 1, of pages of the same size.
    Page(u64),
    /// After the end of another page.
    Cursor(Cursor),
}

impl ListQuery {
    /// The condition for all items of the list, read by `scan`.
    pub(super) fn matching(&self, list: &ListSource<'_>, scan: Scan) -> Condition {
        let matching = |filter| sql::condition(filter, list.collection, list.db.dialect(), scan);
        Condition::all()
            .add_option(list.owner.map(|owner| Expr::col("owner_id").eq(owner)))
            .add_option(self.filter.as_ref().map(matching))
    }

    /// The condition to count for the total; `None` to count all resources of the kind.
    pub(super) async fn counted(&self, list: &ListSource<'_>) -> Result<Option<Condition>> {
        if list.owner.is_none() && self.filter.is_none() {
            return Ok(None);
        }
        let needs = Needs { is_owned: list.owner.is_some(), ..Needs::default() };
        let scan =
            access_path::choose(list.db, (list.kind, list.collection), self.filter.as_ref(), needs).await?;
        Ok(Some(self.matching(list, scan)))
    }

    /// The query for the requested page.
    pub(super) async fn page(&self, list: &ListSource<'_>) -> Result<PageQuery<'_>> {
        let after = match &self.from {
            Start::Page(_) => None,
            Start::Cursor(cursor) => Some(self.order.keys(cursor)?),
        };
        self.following(list, after, self.offset(), None).await
    }

    /// The query for the page that begins `offset` items after the item with these keys, or after the start of the
    /// list without keys. `total` is the number of items in the list, if known.
    pub(super) async fn following(
        &self,
        list: &ListSource<'_>,
        keys: Option<&[SortKey]>,
        offset: u64,
        total: Option<u64>,
    ) -> Result<PageQuery<'_>> {
        let (order, size) = (self.order.terms(), self.size);
        let beyond = keys.map(|keys| page::id_after(order, keys)).transpose()?.flatten();
        let (first, is_owned, by_id) = (Some(offset + size), list.owner.is_some(), order[0].column == ID);
        let needs = Needs { first, total, beyond, is_owned, by_id };
        let scan =
            access_path::choose(list.db, (list.kind, list.collection), self.filter.as_ref(), needs).await?;
        let after = keys.map(|keys| page::after(order, keys)).transpose()?;
        let condition = self.matching(list, scan).add_option(after);
        Ok(PageQuery { condition, order, size, offset, with_last_seq: false })
    }

    /// The number of items before a page by number.
    pub(super) fn offset(&self) -> u64 {
        match self.from {
            Start::Page(page) => (page - 1) * self.size,
            Start::Cursor(_) => 0,
        }
    }
}
