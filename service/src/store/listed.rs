//! Entities in lists, and the properties of an item that determine where a page ends.

use crate::error::Result;
use crate::field::Column;
use crate::list::cursor::SortKey;
use crate::list::order::Term;
use entity::JsonText;
use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait, QueryResult};

/// An entity that can be listed.
pub(super) trait Listed: EntityTrait {
    /// The type that a row is converted to.
    type Item;

    /// Reads a row that contains all columns.
    fn read(row: &QueryResult) -> Result<Self::Item>;

    /// The total length of the documents of an item, in bytes.
    fn documents(item: &Self::Item) -> usize;

    /// The sort keys of an item.
    fn keys(item: &Self::Item, order: &[Term]) -> Vec<SortKey>;
}

/// The sort keys of a row.
pub(super) fn keys<E: EntityTrait>(row: &E::Model, order: &[Term]) -> Vec<SortKey> {
    let value = |column: &Column| {
        let found = E::Column::iter().find(|known| known.as_str() == column.name);
        found.map_or(SortKey::Absent(()), |column| SortKey::of(row.get(column)))
    };
    order.iter().map(|term| value(&term.column)).collect()
}

/// The total length of documents, in bytes.
pub(super) fn length<const N: usize>(documents: [&JsonText; N]) -> usize {
    documents.iter().map(|document| document.as_str().len()).sum()
}
