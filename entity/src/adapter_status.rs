//! The last accepted report of each adapter about each resource.

use crate::JsonText;
use sea_orm::entity::prelude::*;

/// A report's row, one per resource and adapter.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "adapter_statuses")]
pub struct Model {
    /// The resource reported on.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner_id: Uuid,
    /// The adapter's name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub adapter: String,
    /// The owner's kind, `Cluster` or `NodePool`.
    pub owner_type: String,
    /// The generation that the adapter has observed.
    pub observed_generation: i64,
    /// The conditions as they are answered, a JSON array.
    pub conditions: JsonText,
    /// A document that is stored for the adapter, a JSON object.
    pub data: JsonText,
    /// What the adapter tells about its own run, a JSON object.
    pub metadata: Option<JsonText>,
    /// The version of the adapter's configuration, if the adapter tells it.
    pub adapter_config_version: Option<String>,
    /// The version of the framework the adapter is built on, if the adapter tells it.
    pub adapter_framework_version: Option<String>,
    /// When the adapter's first report was observed.
    pub created_time: DateTimeUtc,
    /// When this report was observed.
    pub last_report_time: DateTimeUtc,
}

/// Reports belong to a resource of either kind; foreign keys hold that in the database.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
