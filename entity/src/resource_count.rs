//! The number of resources of each kind, maintained by the database itself.

use sea_orm::entity::prelude::*;

/// One shard of the count of a kind. The count is the sum over the shards. There are several, so that writers on
/// different connections do not wait for one row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "resource_counts")]
pub struct Model {
    /// The counted kind, `Cluster` or `NodePool`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// The number of the shard.
    #[sea_orm(primary_key, auto_increment = false)]
    pub shard: i32,
    /// The resources counted in this shard. The value of a single shard may be negative.
    pub count: i64,
}

/// No relations.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
