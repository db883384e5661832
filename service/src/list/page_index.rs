//! An index of the pages of one list: it records where pages begin, and the number of items. It does no I/O.

use super::cursor::SortKey;
use super::order::Term;
use crate::field::ID;
use std::cmp::Ordering;
use std::mem;
use uuid::Uuid;

/// Segments with unknown ids and fewer items than this are joined with their neighbors: skipping that many items
/// costs less than the memory for an anchor.
const MIN_SEGMENT: u64 = 20;
/// The maximum number of items in a segment that results from joining segments with known ids.
const MAX_SEGMENT: u64 = 100;

/// The number of items of a list, the keys at which its segments end, and the ids of some of its items. Every
/// change of the list must be applied to the index.
#[derive(Debug)]
pub(crate) struct PageIndex {
    order: Vec<Term>,
    total: u64,
    /// In the order of the list. The items after the last segment are not divided.
    segments: Vec<Segment>,
    /// The maximum number of ids that are stored when a page is added.
    max_ids: u64,
}

/// A run of adjacent items.
#[derive(Debug)]
struct Segment {
    /// The keys of the last item, or of an item that was the last one and has been removed.
    end: Vec<SortKey>,
    items: u64,
    /// The ids of the items, in order, if they are known.
    ids: Option<Vec<Uuid>>,
}

/// The point at which to start reading a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Anchor {
    /// The keys of the item to start after; `None` to start at the beginning.
    pub(crate) after: Option<Vec<SortKey>>,
    /// The number of further items to skip.
    pub(crate) skip: u64,
}

/// A part of a list that was read.
#[derive(Debug)]
pub(crate) struct ReadPage {
    /// The number of items that precede it.
    pub(crate) offset: u64,
    /// The keys of the item before it, if that item was read.
    pub(crate) before: Option<Vec<SortKey>>,
    /// The ids of its items.
    pub(crate) ids: Vec<Uuid>,
    /// The keys of its last item.
    pub(crate) end: Vec<SortKey>,
}

impl PageIndex {
    /// Creates the index of a list with `total` items. Pages are added with their ids while at most `max_ids` are
    /// stored.
    pub(crate) fn new(order: &[Term], total: u64, max_ids: u64) -> Self {
        Self { order: order.to_vec(), total, segments: Vec::new(), max_ids }
    }

    /// Returns the number of items in the list.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Returns the point at which to start reading after `offset` items.
    pub(crate) fn anchor(&self, offset: u64) -> Anchor {
        let (before, items) = self.segments_before(offset);
        let last = before.checked_sub(1).and_then(|last| self.segments.get(last));
        Anchor { after: last.map(|segment| segment.end.clone()), skip: offset - items }
    }

    /// Returns the ids of a page, if all are known.
    pub(crate) fn page(&self, offset: u64, size: u64) -> Option<Vec<Uuid>> {
        let (at, items) = self.segments_before(offset);
        let wanted = size.min(self.total.checked_sub(offset)?) as usize;
        let (mut skip, mut page) = ((offset - items) as usize, Vec::with_capacity(wanted));
        for segment in &self.segments[at..] {
            page.extend(segment.ids.as_ref()?.iter().skip(skip).take(wanted - page.len()));
            if page.len() == wanted {
                return Some(page);
            }
            skip = 0;
        }
        None
    }

    /// Adds a part of the list that was read.
    pub(crate) fn learn(&mut self, page: ReadPage) {
        let ReadPage { offset, before, ids, end } = page;
        let items = ids.len() as u64;
        let from = self.cut(offset, before);
        let to = self.cut(offset + items, Some(end.clone()));
        let (Some(from), Some(to)) = (from, to) else { return };
        let ids = (self.known_ids() + items <= self.max_ids).then_some(ids);
        self.segments.splice(from..to, [Segment { end, items, ids }]);
        // The new segment is not joined with the next one: the end of a page is where the next page begins.
        self.join(from + 1);
        if let Some(before) = from.checked_sub(1) {
            self.join(before);
        }
    }

    /// Makes a segment end after `offset` items, the last of which has the keys `end`. Returns the index of the
    /// segment that follows, or `None` if no segment ends there and the keys are not known.
    fn cut(&mut self, offset: u64, end: Option<Vec<SortKey>>) -> Option<usize> {
        let (at, before) = self.segments_before(offset);
        let items = offset - before;
        if items == 0 {
            return Some(at);
        }
        let end = end?;
        let ids = self.segments.get_mut(at).and_then(|rest| {
            rest.items -= items;
            let ids = rest.ids.as_mut()?;
            let following = ids.split_off(items as usize);
            Some(mem::replace(ids, following))
        });
        self.segments.insert(at, Segment { end, items, ids });
        Some(at + 1)
    }

    /// Joins a segment with the next one if they are short enough, and if the ids of both or of neither are known.
    fn join(&mut self, at: usize) {
        let Some([segment, next]) = self.segments.get_mut(at..at + 2) else { return };
        let items = segment.items + next.items;
        match (&mut segment.ids, &mut next.ids) {
            (Some(ids), Some(following)) if items <= MAX_SEGMENT => ids.append(following),
            (None, None) if segment.items.min(next.items) < MIN_SEGMENT && items < 2 * MIN_SEGMENT => {}
            _ => return,
        }
        let next = self.segments.remove(at + 1);
        self.segments[at].items = items;
        self.segments[at].end = next.end;
    }

    /// Applies a change of an item. `before` holds its keys if it was in the list, `after` if it now is. Returns
    /// whether the list has changed.
    pub(crate) fn change(&mut self, id: Uuid, before: Option<&[SortKey]>, after: Option<&[SortKey]>) -> bool {
        if before == after {
            return false;
        }
        if let Some(keys) = before {
            self.remove(id, keys);
        }
        if let Some(keys) = after {
            self.insert(id, keys);
        }
        true
    }

    fn remove(&mut self, id: Uuid, keys: &[SortKey]) {
        self.total = self.total.saturating_sub(1);
        let at = self.segment_of(keys);
        let Some(segment) = self.segments.get_mut(at) else { return };
        segment.items = segment.items.saturating_sub(1);
        if let Some(ids) = &mut segment.ids {
            ids.retain(|known| *known != id);
        }
        if segment.items == 0 {
            self.segments.remove(at);
        }
    }

    fn insert(&mut self, id: Uuid, keys: &[SortKey]) {
        self.total += 1;
        let at = self.segment_of(keys);
        let descending = match &*self.order {
            [by_id] if by_id.column == ID => Some(by_id.descending),
            _ => None,
        };
        let Some(segment) = self.segments.get_mut(at) else { return };
        segment.items += 1;
        // The position of an id in the segment can only be determined in an order by id.
        segment.ids = segment.ids.take().zip(descending).map(|(mut ids, descending)| {
            let at = ids.partition_point(|known| (*known > id) == descending);
            ids.insert(at, id);
            ids
        });
    }

    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let bytes = |segment: &Segment| {
            let keys = segment.end.iter().map(SortKey::bytes).sum::<usize>();
            let ids = segment.ids.as_ref().map_or(0, |ids| ids.capacity() * size_of::<Uuid>());
            size_of::<Segment>() + keys + ids
        };
        size_of::<Self>() + self.segments.iter().map(bytes).sum::<usize>()
    }

    /// Returns the number of ids that are stored.
    fn known_ids(&self) -> u64 {
        self.segments.iter().filter(|segment| segment.ids.is_some()).map(|segment| segment.items).sum()
    }

    /// Returns the number of segments that end at or before `offset`, and the number of items in them.
    fn segments_before(&self, offset: u64) -> (usize, u64) {
        let mut items = 0;
        for (at, segment) in self.segments.iter().enumerate() {
            if items + segment.items > offset {
                return (at, items);
            }
            items += segment.items;
        }
        (self.segments.len(), items)
    }

    /// Returns the index of the segment that contains an item with these keys.
    fn segment_of(&self, keys: &[SortKey]) -> usize {
        self.segments.partition_point(|segment| self.compare(&segment.end, keys) == Ordering::Less)
    }

    fn compare(&self, left: &[SortKey], right: &[SortKey]) -> Ordering {
        let terms = self.order.iter().zip(left.iter().zip(right));
        let compared = terms.map(|(term, (left, right))| match term.descending {
            true => right.cmp(left),
            false => left.cmp(right),
        });
        compared.fold(Ordering::Equal, Ordering::then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use crate::list::{Collection, ListOrder};
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    /// A list as a plain vector, and its index.
    struct Model {
        items: Vec<Vec<SortKey>>,
        index: PageIndex,
    }

    impl Model {
        fn new(order: &str, max_ids: u64, keys: impl Iterator<Item = Vec<SortKey>>) -> Self {
            let order = ListOrder::parse(&Collection::of(Kind::Cluster), order, &[]).expect("an order");
            let mut items: Vec<_> = keys.collect();
            let index = PageIndex::new(order.terms(), items.len() as u64, max_ids);
            items.sort_by(|left, right| index.compare(left, right));
            Self { items, index }
        }

        fn change(&mut self, before: Option<Vec<SortKey>>, after: Option<Vec<SortKey>>) {
            self.items.retain(|item| Some(item) != before.as_ref());
            self.items.extend(after.clone());
            self.items.sort_by(|left, right| self.index.compare(left, right));
            let id = before.iter().chain(&after).map(|keys| id_of(keys)).next().unwrap_or_default();
            self.index.change(id, before.as_deref(), after.as_deref());
        }

        /// Reads a page through the index, as the database would, and compares it with the page of the list.
        /// Returns whether its ids were known.
        fn read(&mut self, offset: usize, size: usize) -> bool {
            assert_eq!(self.index.total(), self.items.len() as u64);
            let wanted: Vec<_> = self.items.iter().skip(offset).take(size).cloned().collect();
            if let Some(ids) = self.index.page(offset as u64, size as u64) {
                assert_eq!(ids, wanted.iter().map(|keys| id_of(keys)).collect::<Vec<_>>());
                return true;
            }
            let Anchor { after, skip } = self.index.anchor(offset as u64);
            let following = self.items.iter().filter(|item| {
                after.as_ref().is_none_or(|after| self.index.compare(after, item) == Ordering::Less)
            });
            let page: Vec<_> = following.skip(skip as usize).take(size).cloned().collect();
            assert_eq!(page, wanted, "{size} after {offset}");
            if let Some(end) = page.last().cloned() {
                let before = offset.checked_sub(1).filter(|_| skip > 0).map(|last| self.items[last].clone());
                let ids = page.iter().map(|keys| id_of(keys)).collect();
                self.index.learn(ReadPage { offset: offset as u64, before, ids, end });
            }
            false
        }
    }

    fn key(id: i64) -> SortKey {
        SortKey::Text(Uuid::from_u128(id as u128).to_string())
    }

    fn id_of(keys: &[SortKey]) -> Uuid {
        let Some(SortKey::Text(id)) = keys.last() else { panic!("{keys:?}") };
        Uuid::parse_str(id).expect("an id")
    }

    #[test]
    fn pages_of_a_changing_list_are_those_of_the_list() {
        for seed in 0..24 {
            let mut random = StdRng::seed_from_u64(seed);
            let order = ["generation desc", "deleted_time", "", "id"][seed as usize % 4];
            let max_ids = [0, 400, 10_000][seed as usize % 3];
            let keys = |random: &mut StdRng, id: i64| match random.random_range(0..10) {
                _ if seed % 4 > 1 => vec![key(id)],
                0 => vec![SortKey::Absent(()), key(id)],
                value => vec![SortKey::Number(value), key(id)],
            };
            let start = random.random_range(0..800);
            let mut model = Model::new(order, max_ids, (0..start).map(|id| keys(&mut random, 3 * id)));
            let mut known = 0;
            for next in 0..400 {
                let mut before = (!model.items.is_empty() && random.random_bool(0.5))
                    .then(|| model.items[random.random_range(0..model.items.len())].clone());
                let after = match (random.random_bool(0.5), &before) {
                    (true, Some(keys)) if seed % 4 < 2 => {
                        Some(vec![SortKey::Number(random.random_range(0..10)), keys[1].clone()])
                    }
                    (true, _) => {
                        before = None;
                        let id = 3 * random.random_range(0..=start + next) + 1 + next % 2;
                        Some(keys(&mut random, id))
                    }
                    _ => None,
                };
                let is_there = after.as_ref().is_some_and(|after| {
                    before.is_none() && model.items.iter().any(|item| id_of(item) == id_of(after))
                });
                if random.random_bool(0.5) && !is_there {
                    model.change(before, after);
                }
                let offset = random.random_range(0..model.items.len() + 100);
                known += usize::from(model.read(offset, [1, 20, 100, 500][random.random_range(0..4)]));
            }
            match max_ids {
                0 => assert_eq!(known, 0),
                400 => {}
                _ => assert!(known > 20, "{known} pages were known"),
            }
        }
    }

    #[test]
    fn a_walk_skips_nothing_and_remembers_little() {
        for (size, max_ids) in [1, 7, 20, 33].into_iter().flat_map(|size| [(size, 0), (size, 10_000)]) {
            let mut model = Model::new("", max_ids, (0..5000).map(|id| vec![key(id)]));
            let mut next = 5000;
            for page in 0..4000 / size {
                let skip = model.index.anchor(page * size).skip;
                assert!(skip == 0 || max_ids > 0, "{skip} before page {page} of {size}");
                model.read((page * size) as usize, size as usize);
                if page % 10 == 9 {
                    // A new item shifts all pages: the next page begins one item before an anchor.
                    next += 1;
                    model.change(None, Some(vec![key(next)]));
                    model.read(((page + 1) * size) as usize, size as usize);
                    model.change(Some(vec![key(next)]), None);
                    model.read((page * size) as usize, size as usize);
                }
            }
            let known =
                model.index.segments.iter().flat_map(|segment| &segment.ids).map(Vec::len).sum::<usize>();
            assert_eq!(known >= 4000 - size as usize, max_ids > 0, "{known} are known");
            assert!(model.index.segments.len() <= 5000 / MIN_SEGMENT as usize);
            assert!(model.index.bytes() < 5000 / MIN_SEGMENT as usize * 130 + 2 * known * size_of::<Uuid>());
        }
    }

    #[test]
    fn pages_stay_known_while_others_come_and_go() {
        let mut model = Model::new("", 10_000, (0..1000).map(|id| vec![key(2 * id)]));
        for page in 0..50 {
            assert!(!model.read(page * 20, 20));
        }
        for change in 0..200 {
            let other = vec![key(1901 - 18 * (change / 2))];
            let (before, after) = if change % 2 == 0 { (None, Some(other)) } else { (Some(other), None) };
            model.change(before, after);
            let mut pages = 0..model.items.len().div_ceil(20);
            assert!(pages.all(|page| model.read(page * 20, 20)), "after change {change}");
        }
        // No page after the last item is known.
        model.index.max_ids = 1000;
        assert!(model.read(980, 20) && !model.read(1000, 2) && !model.read(1000, 2));
    }

    #[test]
    fn what_becomes_empty_is_forgotten() {
        let mut model = Model::new("", 10_000, (0..200).map(|id| vec![key(id)]));
        model.read(0, 100);
        for item in model.items.clone() {
            model.change(Some(item), None);
        }
        assert!(model.index.segments.is_empty());
        model.read(0, 20);
    }
}
