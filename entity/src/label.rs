//! Labels, one row each, for searches by key and value.

use sea_orm::entity::prelude::*;

/// The row of a label.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "labels")]
pub struct Model {
    /// The resource that has the label.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner_id: Uuid,
    /// The key of the label.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// The kind of the resource, `Cluster` or `NodePool`.
    pub owner_type: String,
    /// The value of the label.
    pub value: String,
}

/// No relations: labels belong to a resource of either kind, which foreign keys in the database enforce.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
