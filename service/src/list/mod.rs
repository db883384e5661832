//! Lists: which resources match, in which order, and how to go on from where a page ended.

mod cursor;
mod order;

pub use cursor::Cursor;
pub use order::Ordering;

use crate::resource::store;
use crate::search::{self, Filter};
use crate::{Context, Error, Kind, Resource, Result};
use sea_orm::Condition;
use sea_orm::sea_query::{Expr, ExprTrait};
use uuid::Uuid;

/// What is listed.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// The kind listed.
    pub kind: Kind,
    /// Only the node pools of this cluster.
    pub owner: Option<Uuid>,
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

/// A page of a list.
#[derive(Debug)]
pub struct Page {
    /// The resources.
    pub items: Vec<Resource>,
    /// How many match, unless that was not asked.
    pub total: Option<i64>,
    /// Where the next page starts; `None` on the last.
    pub next: Option<String>,
}

/// Lists resources: a constant number of statements, however many there are. They run side by side, so that a
/// list waits once for what it needs of the database and not once for each.
pub async fn list(context: &Context, query: ListQuery) -> Result<Page> {
    let (_, total, mut items) =
        tokio::try_join!(owner(context, &query), total(context, &query), items(context, &query))?;
    let more = items.len() as u64 > query.size;
    items.truncate(query.size as usize);
    let next = match items.last() {
        Some(last) if more => Some(query.order.cursor_at(last)),
        _ => None,
    };
    Ok(Page { items, total, next })
}

/// Whose node pools are listed must be there.
async fn owner(context: &Context, query: &ListQuery) -> Result<()> {
    let Some(owner) = query.owner else { return Ok(()) };
    match context.db.find(Kind::Cluster, owner).await? {
        Some(_) => Ok(()),
        None => Err(Error::NotFound { kind: Kind::Cluster, id: owner.to_string() }),
    }
}

async fn total(context: &Context, query: &ListQuery) -> Result<Option<i64>> {
    Ok(match (query.total, &query.filter, query.owner) {
        (false, ..) => None,
        (true, None, None) => Some(context.db.total(query.kind).await?),
        (true, ..) => {
            let matching = condition(context, query);
            Some(store::count(context.db.replica(), query.kind, matching).await?)
        }
    })
}

/// The page, and one item more if there is a next one.
async fn items(context: &Context, query: &ListQuery) -> Result<Vec<Resource>> {
    store::page(context.db.replica(), query.kind, slice(context, query)?).await
}

/// How PostgreSQL would find the page: for those who tune indexes, and for the tests that guard them.
pub async fn plan(context: &Context, query: &ListQuery) -> Result<Vec<String>> {
    store::plan(context.db.replica(), query.kind, slice(context, query)?).await
}

fn slice<'a>(context: &Context, query: &'a ListQuery) -> Result<store::Slice<'a>> {
    let matching = condition(context, query);
    let (condition, offset) = match &query.from {
        Start::Page(page) => (matching, (page - 1) * query.size),
        Start::Cursor(cursor) => (matching.add(query.order.after(cursor)?), 0),
    };
    // One more than asked for tells whether there is a next page.
    Ok(store::Slice { condition, order: query.order.terms(), limit: query.size + 1, offset })
}

fn condition(context: &Context, query: &ListQuery) -> Condition {
    let mut condition = Condition::all();
    if let Some(owner) = query.owner {
        condition = condition.add(Expr::col("owner_id").eq(owner));
    }
    if let Some(filter) = &query.filter {
        condition = condition.add(search::condition(filter, query.kind, context.db.dialect()));
    }
    condition
}
