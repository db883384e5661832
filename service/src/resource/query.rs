//! The parameters of a list request.

use crate::db::Executor;
use crate::error::Result;
use crate::kind::Kind;
use crate::list::collection::Collection;
use crate::list::cursor::Cursor;
use crate::list::order::ListOrder;
use crate::search::filter::Filter;
use crate::store::list::ListSource;
use crate::store::page::PageQuery;
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

/// Where a page starts.
#[derive(Clone, Debug)]
pub enum Start {
    /// The page with this number, counted from 1, of pages of the same size.
    Page(u64),
    /// After the end of another page.
    Cursor(Cursor),
}

impl ListQuery {
    /// The list that the query is about: resources of a kind, or reports about one of them; with `owner`, only its
    /// items.
    pub(super) fn source<'a>(
        &'a self,
        db: &'a Executor,
        (kind, collection): (Kind, Collection),
        owner: Option<Uuid>,
    ) -> ListSource<'a> {
        ListSource { db, kind, collection, id: None, owner, filter: self.filter.as_ref() }
    }

    /// The query for the requested page.
    pub(super) async fn page(&self, list: &ListSource<'_>) -> Result<PageQuery<'_>> {
        let after = match &self.from {
            Start::Page(_) => None,
            Start::Cursor(cursor) => Some(self.order.keys(cursor)?),
        };
        list.page(self.order.terms(), after, (self.offset(), self.size), None).await
    }

    /// The number of items before a page by number.
    pub(super) fn offset(&self) -> u64 {
        match self.from {
            Start::Page(page) => (page - 1) * self.size,
            Start::Cursor(_) => 0,
        }
    }
}
