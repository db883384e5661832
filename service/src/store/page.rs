//! Pages of matching items.

use super::changes;
use super::listed::Listed;
use super::row::with_entity;
use crate::db::Executor;
use crate::error::{Error, Result};
use crate::field::ID;
use crate::kind::Kind;
use crate::list::cursor::SortKey;
use crate::list::order::Term;
use crate::memory::Share;
use crate::model::Resource;
use crate::search::scan::IdBound;
use futures_util::TryStreamExt;
use sea_orm::sea_query::{Expr, ExprTrait, NullOrdering, Order};
use sea_orm::{
    Condition, ConnectionTrait, EntityTrait, Iterable, PrimaryKeyToColumn, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select, StreamTrait, Value,
};

/// The column of the last number of the log of changes.
const LAST_SEQ_COLUMN: &str = "last_seq";
/// The memory use of an item in addition to its documents, in bytes.
const ITEM_OVERHEAD: usize = 512;
/// The maximum offset for which rows are skipped directly. For larger offsets, an index skips them.
const MAX_DIRECT_OFFSET: u64 = 100;

/// A query for a page of matching items.
#[derive(Clone, Debug)]
pub(crate) struct PageQuery<'a> {
    /// The condition that items match.
    pub(crate) condition: Condition,
    /// The order of the items.
    pub(crate) order: &'a [Term],
    /// The maximum number of items.
    pub(crate) size: u64,
    /// The number of items to skip.
    pub(crate) offset: u64,
    /// Whether to return the last number of the log of changes that the page was read with.
    pub(crate) with_last_seq: bool,
}

/// A page of matching items.
#[derive(Debug)]
pub(crate) struct PageRows<T> {
    /// The items, in order.
    pub(crate) items: Vec<T>,
    /// The approximate memory use of the items, in bytes.
    pub(crate) bytes: usize,
    /// The sort keys of the last item, if other items follow it.
    pub(crate) next: Option<Vec<SortKey>>,
    /// The sort keys of the item before the first, if known.
    pub(crate) before: Option<Vec<SortKey>>,
    /// The last number of the log of changes when the page was read, if it was requested and there are items.
    pub(crate) last_seq: Option<i64>,
}

impl<T> Default for PageRows<T> {
    fn default() -> Self {
        Self { items: Vec::new(), bytes: 0, next: None, before: None, last_seq: None }
    }
}

/// Returns matching resources, in order. [`Error::OutOfPageMemory`] if there is not enough memory for them now.
pub(crate) async fn resources(
    db: &Executor,
    kind: Kind,
    query: PageQuery<'_>,
    share: &Share,
) -> Result<PageRows<Resource>> {
    with_entity!(kind, entity => read::<entity::Entity>(db, query, share).await)
}

/// Returns matching items of `E`, in order. The page ends before the item that would exceed the maximum page size in
/// bytes, but always contains a first item. The size of an item is the length of its documents plus
/// [`ITEM_OVERHEAD`].
pub(super) async fn read<E: Listed>(
    db: &Executor,
    query: PageQuery<'_>,
    share: &Share,
) -> Result<PageRows<E::Item>> {
    let (order, size, with_last_seq) = (query.order, query.size as usize, query.with_last_seq);
    let mut page = PageRows::default();
    let select = query.select::<E>();
    let mut rows = db.stream_raw(select.build(ConnectionTrait::get_database_backend(db))).await?;
    while let Some(row) = rows.try_next().await? {
        let last = page.items.last();
        if page.items.len() == size {
            page.next = last.map(|last| E::keys(last, order));
            // Reading to the end makes the connection available to other requests.
            drop(rows.try_next().await?);
            return Ok(page);
        }
        if with_last_seq && last.is_none() {
            page.last_seq = row.try_get("", LAST_SEQ_COLUMN)?;
        }
        let item = E::read(&row)?;
        let bytes = page.bytes + E::documents(&item) + ITEM_OVERHEAD;
        if bytes > share.page_bytes()
            && let Some(last) = last
        {
            page.next = Some(E::keys(last, order));
            return Ok(page);
        }
        if last.is_some() && !share.grow_to(bytes) {
            return Err(Error::OutOfPageMemory);
        }
        page.bytes = bytes;
        page.items.push(item);
    }
    Ok(page)
}

/// Returns the engine's query plan for [`resources`], one line per step.
pub(crate) async fn plan(db: &Executor, kind: Kind, query: PageQuery<'_>) -> Result<Vec<String>> {
    let backend = ConnectionTrait::get_database_backend(db);
    let mut statement = with_entity!(kind, entity => query.select::<entity::Entity>().build(backend));
    let (explain, column) = db.dialect().explain();
    statement.sql.insert_str(0, explain);
    let lines = db.query_all_raw(statement).await?;
    Ok(lines.iter().map(|line| line.try_get("", column)).collect::<Result<_, _>>()?)
}

/// The sort keys of a resource in a list of its kind.
pub(crate) fn keys_of(resource: &Resource, order: &[Term]) -> Vec<SortKey> {
    with_entity!(resource.kind, entity => entity::Entity::keys(resource, order))
}

/// The condition for the items after the one with these keys. An absent value sorts as greater than every other.
pub(super) fn after(order: &[Term], keys: &[SortKey]) -> Result<Condition> {
    if let Some(tuple) = tuple_after(order, keys)? {
        return Ok(Condition::all().add(tuple));
    }
    let mut after = Condition::any();
    let mut equal = Condition::all();
    for (term, key) in order.iter().zip(keys) {
        let column = || Expr::col(term.column.name);
        let value = key.value(&term.column)?;
        let beyond = match value.clone() {
            None if term.descending => Some(Condition::all().add(column().is_not_null())),
            None => None,
            Some(value) if term.descending => Some(Condition::all().add(column().lt(value))),
            Some(value) => Some(Condition::any().add(column().gt(value)).add(column().is_null())),
        };
        if let Some(beyond) = beyond {
            after = after.add(equal.clone().add(beyond));
        }
        equal = equal.add(value.map_or_else(|| column().is_null(), |value| column().eq(value)));
    }
    Ok(after)
}

/// The bound of the ids that follow the item with these keys. `None` unless the order begins with the id.
pub(super) fn id_after(order: &[Term], keys: &[SortKey]) -> Result<Option<IdBound>> {
    let (Some(term), Some(key)) = (order.first().filter(|term| term.column == ID), keys.first()) else {
        return Ok(None);
    };
    let Some(Value::Uuid(Some(id))) = key.value(&term.column)? else { return Ok(None) };
    Ok(Some(if term.descending { IdBound::Below(id) } else { IdBound::Above(id) }))
}

/// A single row comparison, which an index over the columns supports. Available only if all terms have the same
/// direction and none is nullable.
fn tuple_after(order: &[Term], keys: &[SortKey]) -> Result<Option<Expr>> {
    let descending = order[0].descending;
    if order.iter().any(|term| term.descending != descending || term.column.nullable) {
        return Ok(None);
    }
    let mut values = Vec::new();
    for (term, key) in order.iter().zip(keys) {
        let value = key.value(&term.column)?;
        values.push(Expr::val(value.ok_or_else(|| Error::bad_request("The cursor is damaged"))?));
    }
    let columns = Expr::tuple(order.iter().map(|term| Expr::col(term.column.name)));
    let values = Expr::tuple(values);
    Ok(Some(if descending { columns.lt(values) } else { columns.gt(values) }))
}

impl PageQuery<'_> {
    /// Selects the rows of the page, and one more to detect whether others follow.
    fn select<E: EntityTrait>(self) -> Select<E> {
        let Self { condition, order, size, offset, with_last_seq } = self;
        let (limit, number) = (size + 1, with_last_seq.then(changes::last_seq));
        let select = E::find().apply_if(number, |select, number| select.expr_as(number, LAST_SEQ_COLUMN));
        let mut key = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
        let (Some(id), None) = (key.next().filter(|_| offset > MAX_DIRECT_OFFSET), key.next()) else {
            let select = ordered(select.filter(condition), order).limit(limit);
            return select.offset((offset > 0).then_some(offset));
        };
        // Rows are wide and index entries are not: the rows that a deep page skips are read from the index alone.
        let skipped = ordered(E::find().select_only().column(id).filter(condition), order);
        let ids = skipped.limit(limit).offset(offset).into_query();
        ordered(select.filter(Expr::col(id).in_subquery(ids)), order)
    }
}

fn ordered<E: EntityTrait>(select: Select<E>, order: &[Term]) -> Select<E> {
    order.iter().fold(select, |select, term| {
        let column = Expr::col(term.column.name);
        // An absent value sorts as greater than every other; the defaults of the engines differ. Omitted for columns
        // that are not nullable, so that an index can provide their order.
        let (direction, nulls) = match term.descending {
            true => (Order::Desc, NullOrdering::First),
            false => (Order::Asc, NullOrdering::Last),
        };
        match term.column.nullable {
            true => select.order_by_with_nulls(column, direction, nulls),
            false => select.order_by(column, direction),
        }
    })
}
