//! Where the pages of one list begin, and how many items it has: pure.

use super::cursor::Key;
use super::order::Term;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Places that are remembered are at least so many items apart: skipping fewer costs less than what a place takes in
/// memory.
const DISTANCE: u64 = 20;
/// So many ids are remembered of one list, and only of lists that are no longer: to find the items of a rare label costs
/// as much as there are, for each page anew.
const IDS: usize = 5000;

/// How many items a list has, and at which of them some of its places are. Every change of the list has to be told to it.
#[derive(Debug)]
pub(crate) struct PageIndex {
    order: Vec<Term>,
    total: u64,
    /// In the order of the list. What follows the last one is not divided.
    segments: Vec<Segment>,
    /// The items of pages, by how many items come before and how many a page may have.
    pages: HashMap<(u64, u64), Arc<[Uuid]>>,
    ids: usize,
}

/// Neighbouring items.
#[derive(Debug)]
struct Segment {
    /// The keys of its last item, or of one that was there.
    end: Vec<Key>,
    items: u64,
}

/// A place in a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Place {
    /// After these keys; at the beginning if there are none.
    pub(crate) after: Option<Vec<Key>>,
    /// And so many items more.
    pub(crate) skip: u64,
}

impl PageIndex {
    /// An index of a list of `total` items.
    pub(crate) fn new(order: &[Term], total: u64) -> Self {
        Self { order: order.to_vec(), total, segments: Vec::new(), pages: HashMap::new(), ids: 0 }
    }

    /// How many items the list has.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The place after so many items.
    pub(crate) fn place(&self, offset: u64) -> Place {
        let (before, items) = self.segments_before(offset);
        let last = before.checked_sub(1).and_then(|last| self.segments.get(last));
        Place { after: last.map(|segment| segment.end.clone()), skip: offset - items }
    }

    /// The items of a page, if it was read since the list last changed.
    pub(crate) fn page(&self, offset: u64, size: u64) -> Option<Arc<[Uuid]>> {
        self.pages.get(&(offset, size)).cloned()
    }

    /// Remembers the items of a page.
    pub(crate) fn learn_page(&mut self, offset: u64, size: u64, ids: impl ExactSizeIterator<Item = Uuid>) {
        if self.total > IDS as u64 || self.pages.contains_key(&(offset, size)) {
            return;
        }
        if self.ids + ids.len() > IDS {
            self.forget_pages();
        }
        self.ids += ids.len();
        self.pages.insert((offset, size), ids.collect());
    }

    fn forget_pages(&mut self) {
        self.pages = HashMap::new();
        self.ids = 0;
    }

    /// Remembers that `offset` items end with the one that has these keys. A place nearby is forgotten for it: where a
    /// page ended is where the next one begins.
    pub(crate) fn learn(&mut self, offset: u64, end: Vec<Key>) {
        let (at, items) = self.segments_before(offset);
        let distance = offset - items;
        if distance == 0 {
            return;
        }
        let rest = self.segments.get(at).map(|segment| segment.items - distance);
        // A place that moves must not leave too many items behind.
        let joins = |segment: Option<&Segment>, items| {
            items < DISTANCE && segment.is_none_or(|segment| segment.items + items < 2 * DISTANCE)
        };
        let before = at.checked_sub(1).filter(|before| joins(self.segments.get(*before), distance));
        let rest = rest.filter(|rest| joins(self.segments.get(at + 1), *rest));
        match (before, rest) {
            (Some(before), _) => {
                self.segments[before].end = end;
                self.segments[before].items += distance;
                self.shift(at, distance);
            }
            (None, Some(rest)) => {
                self.segments[at] = Segment { end, items: distance };
                if let Some(after) = self.segments.get_mut(at + 1) {
                    after.items += rest;
                }
            }
            (None, None) => {
                self.segments.insert(at, Segment { end, items: distance });
                self.shift(at + 1, distance);
            }
        }
    }

    /// The first items of a segment belong to the one before it now.
    fn shift(&mut self, segment: usize, items: u64) {
        if let Some(segment) = self.segments.get_mut(segment) {
            segment.items -= items;
        }
    }

    /// Takes in that an item changed: its keys before, if it was in the list, and after, if it is. Answers whether the
    /// list is another one now.
    pub(crate) fn change(&mut self, before: Option<&[Key]>, after: Option<&[Key]>) -> bool {
        if before == after {
            return false;
        }
        self.forget_pages();
        if let Some(keys) = before {
            self.total = self.total.saturating_sub(1);
            let at = self.segment_of(keys);
            if let Some(segment) = self.segments.get_mut(at) {
                segment.items = segment.items.saturating_sub(1);
                if segment.items == 0 {
                    self.segments.remove(at);
                }
            }
        }
        if let Some(keys) = after {
            self.total += 1;
            let at = self.segment_of(keys);
            if let Some(segment) = self.segments.get_mut(at) {
                segment.items += 1;
            }
        }
        true
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        let keys = |segment: &Segment| segment.end.iter().map(Key::bytes).sum::<usize>();
        size_of::<Self>()
            + self.ids * size_of::<Uuid>()
            + self.pages.len() * size_of::<((u64, u64), Arc<[Uuid]>)>()
            + self.segments.iter().map(|segment| size_of::<Segment>() + keys(segment)).sum::<usize>()
    }

    /// How many segments end at or before `offset`, and how many items they have.
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

    /// The segment that an item with these keys is in.
    fn segment_of(&self, keys: &[Key]) -> usize {
        self.segments.partition_point(|segment| self.compare(&segment.end, keys) == Ordering::Less)
    }

    fn compare(&self, left: &[Key], right: &[Key]) -> Ordering {
        let terms = self.order.iter().zip(left.iter().zip(right));
        let compared = terms.map(|(term, (left, right))| match term.is_descending() {
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
    use crate::list::{Collection, Ordering as ListOrder};
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    /// A list that is kept as it is, and its index.
    struct Model {
        items: Vec<Vec<Key>>,
        index: PageIndex,
    }

    impl Model {
        fn new(order: &str, keys: impl Iterator<Item = Vec<Key>>) -> Self {
            let order = ListOrder::parse(&Collection::of(Kind::Cluster), order, &[]).expect("an order");
            let mut items: Vec<_> = keys.collect();
            let index = PageIndex::new(order.terms(), items.len() as u64);
            items.sort_by(|left, right| index.compare(left, right));
            Self { items, index }
        }

        fn change(&mut self, before: Option<Vec<Key>>, after: Option<Vec<Key>>) {
            self.items.retain(|item| Some(item) != before.as_ref());
            self.items.extend(after.clone());
            self.items.sort_by(|left, right| self.index.compare(left, right));
            self.index.change(before.as_deref(), after.as_deref());
        }

        /// Reads a page by the index as the database would, and compares it with the page of the list.
        fn read(&mut self, offset: usize, size: usize) {
            assert_eq!(self.index.total(), self.items.len() as u64);
            let Place { after, skip } = self.index.place(offset as u64);
            let following = self.items.iter().filter(|item| {
                after.as_ref().is_none_or(|after| self.index.compare(after, item) == Ordering::Less)
            });
            let page: Vec<_> = following.skip(skip as usize).take(size).cloned().collect();
            let wanted: Vec<_> = self.items.iter().skip(offset).take(size).cloned().collect();
            assert_eq!(page, wanted, "{size} after {offset}");
            if let Some(last) = page.last() {
                self.index.learn((offset + page.len()) as u64, last.clone());
            }
        }
    }

    fn number(number: i64) -> Key {
        Key::Number(number)
    }

    #[test]
    fn pages_of_a_changing_list_are_those_of_the_list() {
        for seed in 0..12 {
            let mut random = StdRng::seed_from_u64(seed);
            let descending = seed % 2 == 0;
            let order = if descending { "generation desc" } else { "deleted_time" };
            let keys = |random: &mut StdRng, id: i64| match random.random_range(0..10) {
                0 => vec![Key::Absent(()), number(id)],
                value => vec![number(value), number(id)],
            };
            let start = random.random_range(0..800);
            let mut model = Model::new(order, (0..start).map(|id| keys(&mut random, id)));
            let mut next = start;
            for _ in 0..200 {
                let before = (!model.items.is_empty() && random.random_bool(0.5))
                    .then(|| model.items[random.random_range(0..model.items.len())].clone());
                let after = match random.random_bool(0.5) {
                    true => {
                        next += 1;
                        Some(keys(&mut random, next))
                    }
                    false => None,
                };
                if random.random_bool(0.5) {
                    model.change(before, after);
                }
                let offset = random.random_range(0..model.items.len() + 100);
                model.read(offset, [20, 100, 500][random.random_range(0..3)]);
            }
        }
    }

    #[test]
    fn a_walk_skips_nothing_and_remembers_little() {
        for size in [1, 7, 20, 33] {
            let mut model = Model::new("", (0..5000).map(|id| vec![number(id)]));
            let mut next = 5000;
            for page in 0..4000 / size {
                let skip = model.index.place(page * size).skip;
                assert_eq!(skip, 0, "before page {page} of {size}");
                model.read((page * size) as usize, size as usize);
                if page % 10 == 9 {
                    // One that comes shifts all pages: the next one begins an item before a place.
                    next += 1;
                    model.change(None, Some(vec![number(next)]));
                    assert!(model.index.place((page + 1) * size).skip < 2 * DISTANCE + size);
                    model.read(((page + 1) * size) as usize, size as usize);
                    model.change(Some(vec![number(next)]), None);
                    model.read((page * size) as usize, size as usize);
                }
            }
            assert!(model.index.segments.len() <= 5000 / DISTANCE as usize);
            assert!(model.index.bytes() < 5000 / DISTANCE as usize * 100);
        }
    }

    #[test]
    fn pages_of_short_lists_are_remembered_until_the_list_changes() {
        let ids: Vec<Uuid> = (0..20).map(Uuid::from_u128).collect();
        let mut index = PageIndex::new(&[], IDS as u64);
        index.learn_page(0, 20, ids.clone().into_iter());
        assert_eq!(index.page(0, 20).as_deref(), Some(&ids[..]));
        assert_eq!((index.page(20, 20), index.page(0, 100)), (None, None));
        for page in 0..1000 {
            index.learn_page(page * 20, 20, ids.clone().into_iter());
            assert!(index.ids <= IDS && index.bytes() < 2 * IDS * size_of::<Uuid>());
        }
        assert!(index.change(None, Some(&[])));
        assert!(index.pages.is_empty() && index.ids == 0);
        index.learn_page(0, 20, ids.into_iter());
        assert_eq!(index.page(0, 20), None, "the list is too long now");
    }

    #[test]
    fn what_becomes_empty_is_forgotten() {
        let mut model = Model::new("", (0..200).map(|id| vec![number(id)]));
        model.read(0, 100);
        for item in model.items.clone() {
            model.change(Some(item), None);
        }
        assert!(model.index.segments.is_empty());
        model.read(0, 20);
    }
}
