//! Clusters: the desired state, and the status aggregated from the adapters' reports.

use crate::JsonText;
use sea_orm::entity::prelude::*;

/// The row of a cluster.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "clusters")]
pub struct Model {
    /// A UUIDv7 that contains `created_time` to the microsecond, so that the order of ids is the order of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The name, unique among the clusters that are not marked for deletion.
    pub name: String,
    /// Counts the versions of the desired state, from 1.
    pub generation: i64,
    /// Counts the visible changes of the row, from 1. Used as the entity tag.
    pub revision: i64,
    /// The desired state, a JSON object.
    pub spec: JsonText,
    /// The labels as one JSON object, as the API returns them. The table `labels` serves searches.
    pub labels: JsonText,
    /// The phase: `NotReady`, `Ready` or `Failed`.
    pub phase: String,
    /// The lowest generation over the required adapters' reports; 0 before the first report.
    pub observed_generation: i64,
    /// The oldest of the required adapters' last reports.
    pub status_updated_time: DateTimeUtc,
    /// When `phase` last changed.
    pub status_transition_time: DateTimeUtc,
    /// The aggregated conditions, a JSON array.
    pub conditions: JsonText,
    /// One short entry for each adapter that has reported, a JSON array.
    pub adapters: JsonText,
    /// Whether the condition `Reconciled` is True. A separate column, so that an index can serve this query.
    pub reconciled: bool,
    /// The `last_updated_time` of the condition `Reconciled`.
    pub reconciled_updated_time: DateTimeUtc,
    /// The `last_transition_time` of the condition `Reconciled`: since when the resource is reconciled or
    /// unreconciled. Null in rows written by a version without this column.
    pub reconciled_since: Option<DateTimeUtc>,
    /// `reconciled_updated_time` in spans of ten minutes since 1970. It is indexed instead of the time: a report
    /// always changes the time but rarely the span, and on PostgreSQL only a change of an indexed column requires a
    /// new entry in every index of the table.
    pub reconciled_bucket: i64,
    /// When the resource was created.
    pub created_time: DateTimeUtc,
    /// When the desired state last changed, or the deletion was requested.
    pub updated_time: DateTimeUtc,
    /// When the deletion was requested.
    pub deleted_time: Option<DateTimeUtc>,
    /// The caller that created the resource.
    pub created_by: String,
    /// The caller that last changed the desired state.
    pub updated_by: String,
    /// The caller that requested the deletion.
    pub deleted_by: Option<String>,
}

/// No relations: the service queries the node pools of a cluster where it needs them.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
