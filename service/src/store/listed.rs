//! What is listed, and what of it decides where a page ends.

use crate::error::Result;
use crate::field::Column;
use crate::list::cursor::SortKey;
use crate::list::order::Term;
use entity::JsonText;
use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait, QueryResult};

/// An entity that is listed.
pub(super) trait Listed: EntityTrait {
    /// What a row becomes.
    type Item;

    /// Reads a row of all columns.
    fn read(row: &QueryResult) -> Result<Self::Item>;

    /// How long the documents of an item are, in bytes.
    fn documents(item: &Self::Item) -> usize;

    /// The values by which an item is ordered.
    fn keys(item: &Self::Item, order: &[Term]) -> Vec<SortKey>;
}

/// The values of a row by which it is ordered.
pub(super) fn keys<E: EntityTrait>(row: &E::Model, order: &[Term]) -> Vec<SortKey> {
    let value = |column: &Column| {
        let found = E::Column::iter().find(|known| known.as_str() == column.name);
        found.map_or(SortKey::Absent(()), |column| SortKey::of(row.get(column)))
    };
    order.iter().map(|term| value(&term.column)).collect()
}

/// How long some documents are together, in bytes.
pub(super) fn length<const N: usize>(documents: [&JsonText; N]) -> usize {
    documents.iter().map(|document| document.as_str().len()).sum()
}
