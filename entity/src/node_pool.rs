//! Node pools: the desired state, and the status aggregated from the adapters' reports.

use crate::JsonText;
use sea_orm::entity::prelude::*;

/// A node pool's row.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "node_pools")]
pub struct Model {
    /// UUIDv7 that carries `created_time` to the microsecond, so that order by id is order by creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The cluster it belongs to.
    pub owner_id: Uuid,
    /// Unique among the node pools of its cluster that are not marked for deletion.
    pub name: String,
    /// Counts the versions of the desired state, from 1.
    pub generation: i64,
    /// Counts the visible changes of the row, from 1; its entity tag.
    pub revision: i64,
    /// The desired state, a JSON object.
    pub spec: JsonText,
    /// The labels as one JSON object, as they are answered; the `labels` table serves the search.
    pub labels: JsonText,
    /// `NotReady`, `Ready` or `Failed`.
    pub phase: String,
    /// Lowest generation over the required adapters' reports, 0 before the first.
    pub observed_generation: i64,
    /// Oldest of the required adapters' last reports.
    pub status_updated_time: DateTimeUtc,
    /// When `phase` last changed.
    pub status_transition_time: DateTimeUtc,
    /// The aggregated conditions, a JSON array.
    pub conditions: JsonText,
    /// One short entry per adapter that reported, a JSON array.
    pub adapters: JsonText,
    /// Whether the condition `Reconciled` is True; its own column so that an index can serve the question.
    pub reconciled: bool,
    /// The `last_updated_time` of the condition `Reconciled`.
    pub reconciled_updated_time: DateTimeUtc,
    /// The `last_transition_time` of the condition `Reconciled`: since when it is True, or waited for. Null in rows
    /// of a version that did not know the column.
    pub reconciled_since: Option<DateTimeUtc>,
    /// `reconciled_updated_time` in spans of ten minutes since 1970. Indexed in its stead: a report moves
    /// the time always and the span rarely, and only a change of an indexed column costs PostgreSQL a new
    /// entry in every index of the table.
    pub reconciled_bucket: i64,
    /// When it was created.
    pub created_time: DateTimeUtc,
    /// When its desired state last changed, or its deletion was requested.
    pub updated_time: DateTimeUtc,
    /// When its deletion was requested.
    pub deleted_time: Option<DateTimeUtc>,
    /// Who created it.
    pub created_by: String,
    /// Who last changed its desired state.
    pub updated_by: String,
    /// Who requested its deletion.
    pub deleted_by: Option<String>,
}

/// A node pool's cluster is named by `owner_id`; the service asks for it where it needs it.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
