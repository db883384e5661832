//! How many resources of a kind there are, kept by the database itself.

use sea_orm::entity::prelude::*;

/// A part of a kind's count. The count is the sum over the shards: several, so that writers on different
/// connections do not queue for one row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "resource_counts")]
pub struct Model {
    /// The kind counted, `Cluster` or `NodePool`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// The part of the count.
    #[sea_orm(primary_key, auto_increment = false)]
    pub shard: i32,
    /// Resources counted in this part; a part alone may be negative.
    pub count: i64,
}

/// Counts relate to no row.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
