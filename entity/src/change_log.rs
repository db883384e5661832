//! What holds of the log of changes as a whole.

use sea_orm::entity::prelude::*;

/// The one row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change_log")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Names this log. Numbers of a log with another name mean nothing in it.
    pub epoch: Uuid,
    /// Changes up to this number have been removed.
    pub floor: i64,
}

/// It relates to no row.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
