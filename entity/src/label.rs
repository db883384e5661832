//! Labels, one row each, for search by key and value.

use sea_orm::entity::prelude::*;

/// A label's row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "labels")]
pub struct Model {
    /// The resource that carries the label.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner_id: Uuid,
    /// The label's key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// The owner's kind, `Cluster` or `NodePool`.
    pub owner_type: String,
    /// The label's value.
    pub value: String,
}

/// Labels belong to a resource of either kind; foreign keys hold that in the database.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
