//! How many resources wait for reconciliation, as last counted by one replica for all.

use sea_orm::entity::prelude::*;

/// A kind's count: of those that are being deleted, or of those that are not.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reconciliation_counts")]
pub struct Model {
    /// The kind counted, `Cluster` or `NodePool`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub kind: String,
    /// Whether those being deleted are counted, or the others.
    #[sea_orm(primary_key, auto_increment = false)]
    pub is_delete: bool,
    /// Those that wait.
    pub pending: i64,
    /// Those of them that have waited for too long.
    pub stuck: i64,
    /// Since when the one that is stuck for longest has waited; null if none is.
    pub stuck_since: Option<DateTimeUtc>,
    /// When it is to be counted anew. Whoever counts moves it ahead first, so that nobody else does.
    pub due_time: DateTimeUtc,
}

/// Counts relate to no row.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
