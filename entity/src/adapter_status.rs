//! The last accepted report of each adapter about each resource.

use crate::JsonText;
use sea_orm::entity::prelude::*;

/// The row of a report, one per resource and adapter.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "adapter_statuses")]
pub struct Model {
    /// The resource that the report is about.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner_id: Uuid,
    /// The name of the adapter.
    #[sea_orm(primary_key, auto_increment = false)]
    pub adapter: String,
    /// The kind of the resource, `Cluster` or `NodePool`.
    pub owner_type: String,
    /// The generation that the adapter has observed.
    pub observed_generation: i64,
    /// The conditions as the API returns them, a JSON array.
    pub conditions: JsonText,
    /// A document stored for the adapter, a JSON object.
    pub data: JsonText,
    /// The adapter's information about its own run, a JSON object.
    pub metadata: Option<JsonText>,
    /// The version of the adapter's configuration, if the adapter reports it.
    pub adapter_config_version: Option<String>,
    /// The version of the framework that the adapter is built on, if the adapter reports it.
    pub adapter_framework_version: Option<String>,
    /// When the adapter's first report was observed.
    pub created_time: DateTimeUtc,
    /// When this report was observed.
    pub last_report_time: DateTimeUtc,
}

/// No relations: reports belong to a resource of either kind, which foreign keys in the database enforce.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
