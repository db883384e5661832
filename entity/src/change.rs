//! The log of changes of clusters and node pools.

use crate::JsonText;
use sea_orm::entity::prelude::*;

/// A change of one resource, written in the transaction that made it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "changes")]
pub struct Model {
    /// The number of the change. The changes of one resource are numbered in the order in which they happened;
    /// those of different resources may be committed in another order than that of their numbers.
    #[sea_orm(primary_key)]
    pub seq: i64,
    /// The kind of the resource; empty in a row that only occupies a number, so that no change can use it.
    pub kind: String,
    /// The id of the resource.
    pub resource_id: Uuid,
    /// The cluster of a node pool.
    pub owner_id: Option<Uuid>,
    /// `created`, `updated`, `reported` or `removed`.
    pub change: String,
    /// When the change happened.
    pub changed_time: DateTimeUtc,
    /// The caller, or the adapter of a report.
    pub changed_by: String,
    /// The resource after the change, or its last state.
    pub document: JsonText,
    /// The values before the change that differ; null if the resource was created.
    pub before: Option<JsonText>,
}

/// No relations: changes outlive the resources.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
