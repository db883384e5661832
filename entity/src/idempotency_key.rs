//! The answers to creates that contained an `Idempotency-Key`.

use sea_orm::entity::prelude::*;

/// The row of a key, written in the transaction that creates the resource.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// The caller that sent the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub caller: String,
    /// The key as sent.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// The digest of the request, which detects the same key with another body.
    pub request_digest: String,
    /// The answer as it was sent; null only within the transaction.
    pub answer: Option<String>,
    /// When the request started.
    pub claimed_time: DateTimeUtc,
    /// When the row may be removed.
    pub expires_time: DateTimeUtc,
}

/// No relations: the resource may be removed while its answer can still be repeated.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
