//! Lists: filter, order, and continuation after the end of a page.

use super::indexed::IndexedList;
use super::query::{ListQuery, Start};
use super::read;
use crate::context::Context;
use crate::db::Consistency;
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::list::collection::Collection;
use crate::memory::Share;
use crate::model::{Resource, Target};
use crate::search::scan::Scan;
use crate::store::page::{self, PageQuery, PageRows};
use crate::store::reader::Reader;
use crate::store::{counts, reports as stored_reports};
use entity::adapter_status;
use std::sync::Arc;
use uuid::Uuid;

/// A page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The number of matching items; `None` if it was not requested.
    pub total: Option<i64>,
    /// The cursor of the next page; `None` on the last page.
    pub next: Option<String>,
    /// The position from which to follow the changes that this page or, with a cursor, the pages up to this one do not
    /// include. `None` if the page was read from a replica, while the log is not known yet, and for reports.
    pub position: Option<String>,
    /// The approximate size of the serialized items, in bytes.
    pub bytes: usize,
    /// The memory reserved for the items. Must be kept until the answer is sent.
    pub share: Arc<Share>,
}

/// Lists the resources of a kind; with `owner`, only those of this cluster. The page and the total take one statement
/// if their index is current, otherwise a constant number of statements regardless of the number of resources.
/// Independent statements run concurrently, so that they wait only once for a connection. The page ends before `size`
/// if its items would exceed [`max_page_bytes`](crate::context::Settings::max_page_bytes).
///
/// # Errors
/// [`Error::NotFound`] if the cluster does not exist, [`Error::BadRequest`] for a cursor of another list.
pub async fn list(
    context: &Context,
    consistency: Consistency,
    (kind, owner): (Kind, Option<Uuid>),
    query: &ListQuery,
) -> Result<Page<Resource>> {
    // Read before the page, which then includes all changes up to the position.
    let position = &match &query.from {
        Start::Page(_) => context.changes.position().map(|position| position.to_string()),
        Start::Cursor(cursor) => cursor.position.clone(),
    };
    let read = |reader: Reader, share: Arc<Share>| async move {
        let db = reader.executor();
        let list = &query.source(db, (kind, Collection::of(kind)), owner);
        let page = async {
            if reader.is_primary() && IndexedList::is_indexed(query) {
                let listing = IndexedList { context, list, query, share: &share };
                if let Some((total, rows)) = listing.page().await? {
                    return Ok((query.total.then_some(total as i64), rows));
                }
            }
            let total = async {
                match query.total {
                    true => {
                        let counted = list.counted().await?;
                        counts::resources(db, kind, counted).await.map(Some)
                    }
                    false => Ok(None),
                }
            };
            let rows = async { page::resources(db, kind, query.page(list).await?, &share).await };
            tokio::try_join!(total, rows)
        };
        let (_, (total, rows)) = tokio::try_join!(read::check_owner(&reader, kind, owner), page)?;
        let position = position.clone().filter(|_| reader.is_primary());
        Ok(Page::of(query, total, rows, position, share))
    };
    bounded(context, consistency, read).await
}

/// Lists the reports about a resource, like [`list`].
///
/// # Errors
/// [`Error::NotFound`] if the resource does not exist, [`Error::BadRequest`] for a cursor of another list.
pub async fn reports(
    context: &Context,
    consistency: Consistency,
    target: &Target,
    query: &ListQuery,
) -> Result<Page<adapter_status::Model>> {
    let read = |reader: Reader, share: Arc<Share>| async move {
        let (db, collection) = (reader.executor(), Collection::REPORTS);
        let list = &query.source(db, (target.kind, collection), Some(target.id));
        let total = async {
            match query.total {
                true => counts::reports(db, list.condition(Scan::default())).await.map(Some),
                false => Ok(None),
            }
        };
        let rows = async { stored_reports::page(db, query.page(list).await?, &share).await };
        let (_, total, rows) = tokio::try_join!(read::find(&reader, target), total, rows)?;
        Ok(Page::of(query, total, rows, None, share))
    };
    bounded(context, consistency, read).await
}

/// Reads a page with a share of the memory for pages. If the memory does not suffice, the page is read again once
/// there is enough for the largest page. No connection is held during the wait.
async fn bounded<T, F>(
    context: &Context,
    consistency: Consistency,
    read: impl Fn(Reader, Arc<Share>) -> F,
) -> Result<Page<T>>
where
    F: Future<Output = Result<Page<T>>>,
{
    let share = Arc::new(context.pages.share());
    match context.read(consistency, |reader| read(reader, share.clone())).await {
        Err(Error::OutOfPageMemory) => drop(share),
        result => return result,
    }
    let share = Arc::new(context.pages.full_share().await);
    context.read(consistency, |reader| read(reader, share.clone())).await
}

/// Returns the engine's query plan for a page. Only tests call this: they verify the use of indexes.
pub async fn plan(
    context: &Context,
    (kind, owner): (Kind, Option<Uuid>),
    query: &ListQuery,
) -> Result<Vec<String>> {
    let db = context.db.primary();
    let list = query.source(db, (kind, Collection::of(kind)), owner);
    page::plan(db, kind, PageQuery { with_last_seq: true, ..query.page(&list).await? }).await
}

impl<T> Page<T> {
    fn of(
        query: &ListQuery,
        total: Option<i64>,
        rows: PageRows<T>,
        position: Option<String>,
        share: Arc<Share>,
    ) -> Self {
        let PageRows { items, bytes, next, .. } = rows;
        let next = next.map(|keys| query.order.cursor(keys, position.clone()));
        Self { items, total, next, position, bytes, share }
    }
}
