//! The log of what happened to clusters and node pools.

use crate::JsonText;
use sea_orm::entity::prelude::*;

/// A change of one resource, written in the transaction that made it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "changes")]
pub struct Model {
    /// Its number. The changes of one resource are numbered in the order in which they happened; those of different
    /// resources may be committed in another order than that of their numbers.
    #[sea_orm(primary_key)]
    pub seq: i64,
    /// The kind of the resource; empty where a number is taken that no change has.
    pub kind: String,
    /// The resource.
    pub resource_id: Uuid,
    /// The cluster of a node pool.
    pub owner_id: Option<Uuid>,
    /// `created`, `updated`, `reported` or `removed`.
    pub change: String,
    /// When it happened.
    pub changed_time: DateTimeUtc,
    /// The caller, or the adapter of a report.
    pub changed_by: String,
    /// The resource as it was then, or as it last was.
    pub document: JsonText,
    /// What was different before; null if the resource was created.
    pub before: Option<JsonText>,
}

/// Changes relate to no row: they outlive the resources.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
