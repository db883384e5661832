//! The rows of a list, and the queries that read and count them.

use super::access_path::{self, Needs};
use super::page::{self, PageQuery};
use crate::db::Executor;
use crate::error::Result;
use crate::field::ID;
use crate::kind::Kind;
use crate::list::collection::Collection;
use crate::list::cursor::SortKey;
use crate::list::order::Term;
use crate::search::filter::Filter;
use crate::search::scan::Scan;
use crate::search::sql;
use sea_orm::Condition;
use sea_orm::sea_query::{Expr, ExprTrait};
use uuid::Uuid;

/// The list that is read.
#[derive(Clone, Copy)]
pub(crate) struct ListSource<'a> {
    /// The database that is read.
    pub(crate) db: &'a Executor,
    /// The kind of the resources, or of the resource that the reports are about.
    pub(crate) kind: Kind,
    pub(crate) collection: Collection,
    /// Only the item with this id.
    pub(crate) id: Option<Uuid>,
    /// Only the items of this owner.
    pub(crate) owner: Option<Uuid>,
    /// Only the items that match.
    pub(crate) filter: Option<&'a Filter>,
}

impl ListSource<'_> {
    /// The condition for all items of the list, read by `scan`.
    pub(crate) fn condition(&self, scan: Scan) -> Condition {
        let matching = |filter| sql::condition(filter, self.collection, self.db.dialect(), scan);
        Condition::all()
            .add_option(self.id.map(|id| Expr::col("id").eq(id)))
            .add_option(self.owner.map(|owner| Expr::col("owner_id").eq(owner)))
            .add_option(self.filter.map(matching))
    }

    /// The condition to count for the total; `None` to count all resources of the kind.
    pub(crate) async fn counted(&self) -> Result<Option<Condition>> {
        if !self.is_owned() && self.filter.is_none() {
            return Ok(None);
        }
        let scan = self.scan(Needs::default()).await?;
        Ok(Some(self.condition(scan)))
    }

    /// The query for the page of `size` items that begins `offset` items after the item with the keys `after`, or after
    /// the start of the list without keys. `total` is the number of items in the list, if known.
    pub(crate) async fn page<'q>(
        &self,
        order: &'q [Term],
        after: Option<&[SortKey]>,
        (offset, size): (u64, u64),
        total: Option<u64>,
    ) -> Result<PageQuery<'q>> {
        let beyond = after.map(|keys| page::id_after(order, keys)).transpose()?.flatten();
        let (first, by_id) = (Some(offset + size), order[0].column == ID);
        let scan = self.scan(Needs { first, total, beyond, by_id, ..Needs::default() }).await?;
        let after = after.map(|keys| page::after(order, keys)).transpose()?;
        let condition = self.condition(scan).add_option(after);
        Ok(PageQuery { condition, order, size, offset, with_last_seq: false })
    }

    /// The query for a page of at most `size` items that consists of the items with these ids, whether or not the list
    /// contains them.
    pub(crate) fn items<'q>(&self, order: &'q [Term], ids: &[Uuid], size: u64) -> PageQuery<'q> {
        let condition = Condition::all().add(self.db.dialect().is_one_of(Expr::col("id"), ids));
        PageQuery { condition, order, size, offset: 0, with_last_seq: false }
    }

    async fn scan(&self, needs: Needs) -> Result<Scan> {
        let needs = Needs { is_owned: self.is_owned(), ..needs };
        access_path::choose(self.db, (self.kind, self.collection), self.filter, needs).await
    }

    fn is_owned(&self) -> bool {
        self.id.is_some() || self.owner.is_some()
    }
}
