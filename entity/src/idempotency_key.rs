//! What was answered to a create that carried an `Idempotency-Key`.

use sea_orm::entity::prelude::*;

/// A key's row, written in the transaction that creates the resource.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// Who sent the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub caller: String,
    /// The key as sent.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Digest of what was asked, so that the same key with another body is noticed.
    pub request_digest: String,
    /// The answer as it was sent; null only within the transaction.
    pub answer: Option<String>,
    /// When the request started.
    pub claimed_time: DateTimeUtc,
    /// When the row may be removed.
    pub expires_time: DateTimeUtc,
}

/// Keys relate to no row: the resource may be gone while its answer is still repeated.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
