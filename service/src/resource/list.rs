//! Lists: which resources match, in which order, and how to go on from where a page ended.

use super::Resource;
use crate::context::Context;
use crate::db::Consistency;
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::list::cursor::Cursor;
use crate::list::order::Ordering;
use crate::search::filter::Filter;
use crate::search::sql;
use crate::store::counts;
use crate::store::page::{self, PageQuery};
use crate::store::reader::Reader;
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
    /// From here on, changes tell what is not in this page or, with a cursor, in the pages up to this one. `None` if it
    /// was read from a replica.
    pub position: Option<String>,
}

/// Lists resources: a constant number of statements, however many there are. They run side by side, so that a
/// list waits once for a connection and not once for each statement.
pub async fn list(context: &Context, consistency: Consistency, query: &ListQuery) -> Result<Page> {
    // Before the page is read, which then holds everything up to there.
    let position = match &query.from {
        Start::Page(_) => context.changes.position().map(|position| position.to_string()),
        Start::Cursor(cursor) => cursor.position.clone(),
    };
    let position = position.as_deref();
    context.read(consistency, |reader| async move { read_page(&reader, query, position).await }).await
}

async fn read_page(reader: &Reader, query: &ListQuery, position: Option<&str>) -> Result<Page> {
    let (_, total, mut items) =
        tokio::try_join!(check_owner(reader, query), total(reader, query), items(reader, query))?;
    let more = items.len() as u64 > query.size;
    items.truncate(query.size as usize);
    let position = position.filter(|_| reader.is_primary()).map(str::to_owned);
    let next = match items.last() {
        Some(last) if more => {
            Some(query.order.cursor(page::keys(last, query.order.terms()), position.clone()))
        }
        _ => None,
    };
    Ok(Page { items, total, next, position })
}

/// The cluster whose node pools are listed must exist.
async fn check_owner(reader: &Reader, query: &ListQuery) -> Result<()> {
    let (Some(owner), Some(parent)) = (query.owner, query.kind.parent()) else { return Ok(()) };
    match reader.find(parent, owner).await? {
        Some(_) => Ok(()),
        None => Err(Error::NotFound { kind: parent.as_str(), id: owner.to_string() }),
    }
}

async fn total(reader: &Reader, query: &ListQuery) -> Result<Option<i64>> {
    let executor = reader.executor();
    Ok(match (query.total, &query.filter, query.owner) {
        (false, ..) => None,
        (true, None, None) => Some(counts::total(executor, query.kind).await?),
        (true, ..) => Some(page::count(executor, query.kind, condition(executor.dialect(), query)).await?),
    })
}

/// The page, and one item more if there is a next one.
async fn items(reader: &Reader, query: &ListQuery) -> Result<Vec<Resource>> {
    let executor = reader.executor();
    page::page(executor, query.kind, page_query(executor.dialect(), query)?).await
}

/// How PostgreSQL would find the page: for those who tune indexes, and for the tests that guard them.
pub async fn plan(context: &Context, query: &ListQuery) -> Result<Vec<String>> {
    let executor = context.db.primary();
    page::plan(executor, query.kind, page_query(executor.dialect(), query)?).await
}

fn page_query(dialect: Dialect, query: &ListQuery) -> Result<PageQuery<'_>> {
    let matching = condition(dialect, query);
    let order = query.order.terms();
    let (condition, offset) = match &query.from {
        Start::Page(page) => (matching, (page - 1) * query.size),
        Start::Cursor(cursor) => (matching.add(page::after(order, query.order.keys(cursor)?)?), 0),
    };
    // One more than asked for tells whether there is a next page.
    Ok(PageQuery { condition, order, limit: query.size + 1, offset })
}

fn condition(dialect: Dialect, query: &ListQuery) -> Condition {
    let mut condition = Condition::all();
    if let Some(owner) = query.owner {
        condition = condition.add(Expr::col("owner_id").eq(owner));
    }
    if let Some(filter) = &query.filter {
        condition = condition.add(sql::condition(filter, query.kind, dialect));
    }
    condition
}
