//! The properties of the log of changes as a whole.

use sea_orm::entity::prelude::*;

/// The only row of the table.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change_log")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// The identity of this log. Numbers of a log with another identity are not valid in it.
    pub epoch: Uuid,
    /// The number up to which changes have been removed.
    pub floor: i64,
}

/// No relations.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
