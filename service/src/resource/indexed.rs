//! Pages by number, and totals, from the index of their list. Their cost does not depend on how many items precede the
//! page or match.
//!
//! An index holds the number of items in a list, and the items after which some pages begin. The log of changes keeps
//! it current: a page is read together with the last number of the log. If there are changes that the index does not
//! include, they are read and applied to it. If one of them changes the list, the page is read again. The answer is
//! therefore exactly what counting and skipping rows would have returned at some moment of the request. The one
//! exception: if the list changes during each of the [`MAX_ROUNDS`], the total and the start of the page are those of one
//! moment, and the items those of the next.

use super::page_indexes::{Current, Slot, count};
use super::query::{ListQuery, Start};
use crate::change::log::Head;
use crate::change::record::{Change, ChangeType};
use crate::change::seen::SeenNumbers;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::list::cursor::SortKey;
use crate::list::page_index::{Anchor, PageIndex, ReadPage};
use crate::memory::Share;
use crate::model::Resource;
use crate::store::list::ListSource;
use crate::store::page::{self, PageQuery, PageRows};
use crate::store::{changes, counts};
use uuid::Uuid;

/// The maximum number of times that a page is read while its list changes.
const MAX_ROUNDS: usize = 3;
/// The maximum number of changes that are applied to an index. With more, the index is built again.
const MAX_UNSEEN: u64 = 500;

/// A list of resources, and the request for a page of it.
pub(super) struct IndexedList<'a> {
    pub(super) context: &'a Context,
    pub(super) list: &'a ListSource<'a>,
    pub(super) query: &'a ListQuery,
    pub(super) share: &'a Share,
}

/// The entry of the index for a page, as of the lookup.
struct Lookup {
    total: u64,
    anchor: Anchor,
    /// The items of the page, if known.
    ids: Option<Vec<Uuid>>,
    version: u64,
    head: Head,
    seen: SeenNumbers,
}

/// The result of the validation of a page.
#[derive(PartialEq)]
enum Validity {
    /// The page agrees with the index.
    Current,
    /// The list has changed since the lookup.
    Stale,
    /// The index no longer exists.
    Lost,
}

impl IndexedList<'_> {
    /// Whether an index can answer the query, and is needed for it.
    pub(super) fn is_indexed(query: &ListQuery) -> bool {
        let logged = query.filter.as_ref().is_none_or(|filter| filter.is_in_change_log())
            && query.order.terms().iter().all(|term| term.column.is_in_change_log());
        logged && (query.total || query.offset() > 0)
    }

    /// Returns the number of items in the list and a page; `None` if the index cannot answer now.
    pub(super) async fn page(&self) -> Result<Option<(u64, PageRows<Resource>)>> {
        let list = self.query.order.fingerprint();
        let Some(slot) = self.context.page_indexes.slot(list) else { return Ok(None) };
        for round in 1..=MAX_ROUNDS {
            let Some(mut lookup) = self.look_up(&slot).await? else { break };
            if round == MAX_ROUNDS {
                // The page must not contain items that have left the list since, so it is not read by ids.
                lookup.ids = None;
            }
            let rows = self.read(&lookup).await?;
            match self.validate(&slot, &lookup, &rows).await? {
                Validity::Lost => {}
                Validity::Stale if round < MAX_ROUNDS => {}
                _ => return Ok(Some((lookup.total, rows))),
            }
        }
        count("unavailable", 1);
        Ok(None)
    }

    /// Looks up a page in the index. Builds the index if there is none; `None` if that is not possible now.
    async fn look_up(&self, slot: &Slot) -> Result<Option<Lookup>> {
        let Some(head) = self.context.changes.known_head() else { return Ok(None) };
        let mut slot = slot.lock().await;
        if slot.as_ref().is_none_or(|current| !current.is_good(&head.log)) {
            *slot = None;
            let condition = self.list.counted().await?;
            let (total, numbers) =
                counts::with_changes(self.list.db, self.list.kind, condition, head.seq).await?;
            let Some(seen) = SeenNumbers::new(head.seq, numbers) else { return Ok(None) };
            // Without a filter, the order alone finds the items, so no ids are remembered.
            let max_ids = self.query.filter.as_ref().map_or(0, |_| self.context.page_indexes.ids_of_one());
            let index = PageIndex::new(self.query.order.terms(), total, max_ids);
            *slot = Some(Current::new(index, head.log.clone(), seen));
            count("built", 1);
        }
        Ok(slot.as_ref().map(|current| Lookup {
            total: current.index.total(),
            anchor: current.index.anchor(self.query.offset()),
            ids: current.index.page(self.query.offset(), self.query.size),
            version: current.version,
            head,
            seen: current.seen.clone(),
        }))
    }

    async fn read(&self, lookup: &Lookup) -> Result<PageRows<Resource>> {
        let query = match (&self.query.from, &lookup.ids) {
            (Start::Cursor(_), _) => self.query.page(self.list).await?,
            (Start::Page(_), _) if self.query.offset() >= lookup.total => return Ok(PageRows::default()),
            (Start::Page(_), Some(ids)) => return self.read_by_ids(ids, lookup.total).await,
            (Start::Page(_), None) => {
                let Anchor { after, skip } = &lookup.anchor;
                let (order, slice) = (self.query.order.terms(), (*skip, self.query.size));
                let query = self.list.page(order, after.as_deref(), slice, Some(lookup.total)).await?;
                if *skip > 0
                    && let Some(found) = self.read_with_predecessor(query.clone()).await?
                {
                    return Ok(found);
                }
                query
            }
        };
        let query = PageQuery { with_last_seq: true, ..query };
        page::resources(self.list.db, self.list.kind, query, self.share).await
    }

    /// Reads a page together with the item before it. The keys of that item are the start of the next read of this
    /// page. `None` if the page would contain no other item.
    async fn read_with_predecessor(&self, query: PageQuery<'_>) -> Result<Option<PageRows<Resource>>> {
        let query =
            PageQuery { size: query.size + 1, offset: query.offset - 1, with_last_seq: true, ..query };
        let order = query.order;
        let mut rows = page::resources(self.list.db, self.list.kind, query, self.share).await?;
        if rows.items.len() < 2 {
            return Ok(None);
        }
        let before = rows.items.remove(0);
        rows.before = Some(page::keys_of(&before, order));
        Ok(Some(rows))
    }

    /// Reads the page that consists of these items.
    async fn read_by_ids(&self, ids: &[Uuid], total: u64) -> Result<PageRows<Resource>> {
        let order = self.query.order.terms();
        let query = PageQuery { with_last_seq: true, ..self.list.items(order, ids, self.query.size) };
        let mut rows = page::resources(self.list.db, self.list.kind, query, self.share).await?;
        let others_follow = self.query.offset() + (ids.len() as u64) < total;
        if rows.items.len() == ids.len() && others_follow {
            rows.next = rows.items.last().map(|last| page::keys_of(last, order));
        }
        Ok(rows)
    }

    /// Validates a page: the index must include all changes that the page was read with.
    async fn validate(&self, slot: &Slot, lookup: &Lookup, rows: &PageRows<Resource>) -> Result<Validity> {
        let is_all = rows.last_seq.is_some_and(|last| lookup.seen.is_all(last));
        let changes = match is_all {
            true => Some(Vec::new()),
            false => {
                let (last, missing) = (lookup.seen.last(), lookup.seen.missing().collect());
                changes::unseen(self.list.db, last, missing, MAX_UNSEEN).await?
            }
        };
        let mut slot = slot.lock().await;
        let Some(current) = slot.as_mut().filter(|current| current.log == lookup.head.log) else {
            return Ok(Validity::Lost);
        };
        let included = match changes {
            Some(changes) => {
                let included =
                    self.include(current, &lookup.head, changes.into_iter().filter_map(Change::of));
                // The database counts a change that cannot be read like every other change.
                let failed =
                    |error: &Error| tracing::error!(%error, "a change cannot be read; rebuilding the index");
                included.inspect_err(failed).unwrap_or(false)
            }
            None => false,
        };
        if !included || (current.version == lookup.version && !self.fits(lookup, rows)) {
            *slot = None;
            return Ok(Validity::Lost);
        }
        count(if is_all { "used" } else { "updated" }, 1);
        if current.version != lookup.version {
            return Ok(Validity::Stale);
        }
        if lookup.ids.is_none() {
            self.learn(&mut current.index, rows);
        }
        Ok(Validity::Current)
    }

    /// Adds a page to the index.
    fn learn(&self, index: &mut PageIndex, rows: &PageRows<Resource>) {
        let (Start::Page(_), Some(last)) = (&self.query.from, rows.items.last()) else { return };
        let end = page::keys_of(last, self.query.order.terms());
        let ids = rows.items.iter().map(|item| item.id).collect();
        index.learn(ReadPage { offset: self.query.offset(), before: rows.before.clone(), ids, end });
        self.context.page_indexes.set_size(self.query.order.fingerprint(), index.bytes());
    }

    /// Applies changes to the index. Returns false if too many numbers between them are missing.
    fn include(
        &self,
        current: &mut Current,
        head: &Head,
        changes: impl Iterator<Item = Change>,
    ) -> Result<bool> {
        for change in changes {
            let Some(new) = current.seen.add(change.row.seq) else { return Ok(false) };
            if !new
                || change.kind != self.list.kind
                || self.list.owner.is_some_and(|owner| change.row.owner_id != Some(owner))
            {
                continue;
            }
            let before = change.before()?.map(|before| self.keys(before)).transpose()?.flatten();
            let after = match change.r#type {
                ChangeType::Removed => None,
                _ => self.keys(change.after()?)?,
            };
            if current.index.change(change.row.resource_id, before.as_deref(), after.as_deref()) {
                current.changed();
            }
        }
        // The head was known before the changes were read, so they include all changes up to it.
        current.seen.complete_up_to(head.seq);
        Ok(true)
    }

    /// The sort keys of a resource; `None` if it is not in the list.
    fn keys(&self, resource: &Resource) -> Result<Option<Vec<SortKey>>> {
        let matches = self.query.filter.as_ref().map_or(Ok(true), |filter| filter.matches(resource))?;
        Ok(matches.then(|| page::keys_of(resource, self.query.order.terms())))
    }

    /// Whether a page ends where the index expects the list to end. False if something other than this service has
    /// written.
    fn fits(&self, lookup: &Lookup, rows: &PageRows<Resource>) -> bool {
        let end = self.query.offset() + rows.items.len() as u64;
        let fits = match (&self.query.from, &rows.next) {
            (Start::Cursor(_), _) => true,
            (Start::Page(_), Some(_)) => end < lookup.total,
            (Start::Page(_), None) => end >= lookup.total,
        };
        if !fits {
            tracing::warn!(list = %self.list.collection.list, total = lookup.total, "a page contradicts the total of the list; rebuilding the index");
        }
        fits
    }
}
