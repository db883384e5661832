//! A report as it is stored.

use super::condition::{ConditionStatus, micros};
use crate::resource::store;
use crate::{Error, Resource, Result};
use chrono::{DateTime, Utc};
use entity::{JsonText, adapter_status, node_pool};
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A condition as it is stored and answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCondition {
    /// What is said.
    pub r#type: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word on why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A sentence on why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Who says so.
    pub adapter: String,
    /// The generation it speaks of.
    pub observed_generation: i64,
    /// When it was first said.
    #[serde(serialize_with = "micros")]
    pub created_at: DateTime<Utc>,
    /// When it was last said.
    #[serde(serialize_with = "micros")]
    pub updated_at: DateTime<Utc>,
    /// When its status last changed.
    #[serde(serialize_with = "micros")]
    pub last_transition_time: DateTime<Utc>,
}

/// A report as it is stored.
#[derive(Clone, Debug)]
pub struct StoredReport {
    /// Who reported.
    pub adapter: String,
    /// The generation it had seen.
    pub observed_generation: i64,
    /// What it saw.
    pub conditions: Vec<StoredCondition>,
    /// What it wanted kept.
    pub data: JsonText,
    /// What it said of its own run.
    pub metadata: Option<JsonText>,
    /// When its first report was observed.
    pub created_time: DateTime<Utc>,
    /// When this report was observed.
    pub last_report_time: DateTime<Utc>,
}

/// One entry of a resource's `status.adapters`.
#[derive(Serialize)]
struct AdapterSummary<'a> {
    adapter: &'a str,
    observed_generation: i64,
    available: ConditionStatus,
    health: ConditionStatus,
    #[serde(serialize_with = "micros")]
    last_report_time: DateTime<Utc>,
}

/// What decides whether a report calls its resource available.
pub(super) fn available<'a>(
    conditions: impl Iterator<Item = (&'a str, ConditionStatus)> + Clone,
) -> ConditionStatus {
    let named = |name| conditions.clone().find(|(r#type, _)| *r#type == name).map(|(_, status)| status);
    let all_hold = || {
        let mut rest = conditions.clone().filter(|(name, _)| !matches!(*name, "Progressing" | "Finalized"));
        let first = rest.next();
        let all = first.is_some_and(|(_, s)| s == ConditionStatus::True)
            && rest.all(|(_, status)| status == ConditionStatus::True);
        ConditionStatus::from_bool(all)
    };
    named("Available").or_else(|| named("Ready")).unwrap_or_else(all_hold)
}

impl StoredReport {
    pub(super) fn condition(&self, name: &str) -> Option<&StoredCondition> {
        self.conditions.iter().find(|condition| condition.r#type == name)
    }

    fn holds(&self, name: &str) -> bool {
        self.condition(name).is_some_and(|condition| condition.status == ConditionStatus::True)
    }

    /// Whether it calls the resource available.
    pub fn available(&self) -> ConditionStatus {
        available(self.conditions.iter().map(|c| (c.r#type.as_str(), c.status)))
    }

    /// Whether it says that nothing of the resource is left.
    pub fn finalized(&self) -> bool {
        self.holds("Finalized")
    }

    /// Whether it says that something went wrong for good.
    pub fn failed(&self) -> bool {
        self.holds("Failed") || self.health() == ConditionStatus::False
    }

    fn health(&self) -> ConditionStatus {
        self.condition("Health").map_or(ConditionStatus::Unknown, |condition| condition.status)
    }

    pub(super) fn row(&self, owner: &Resource) -> Result<adapter_status::Model> {
        Ok(adapter_status::Model {
            owner_id: owner.id,
            adapter: self.adapter.clone(),
            owner_type: owner.kind.as_str().to_owned(),
            observed_generation: self.observed_generation,
            conditions: JsonText::of(&self.conditions)?,
            data: self.data.clone(),
            metadata: self.metadata.clone(),
            created_time: self.created_time,
            last_report_time: self.last_report_time,
        })
    }

    /// Reason and message of the condition that says whether it is available, if one condition does.
    pub(super) fn availability_words(&self) -> (Option<String>, Option<String>) {
        let said = self.condition("Available").or_else(|| self.condition("Ready"));
        said.map_or((None, None), |condition| (condition.reason.clone(), condition.message.clone()))
    }
}

/// The entries of `status.adapters`.
pub(super) fn summary(reports: &[StoredReport]) -> Result<JsonText> {
    let entries: Vec<_> = reports
        .iter()
        .map(|report| AdapterSummary {
            adapter: &report.adapter,
            observed_generation: report.observed_generation,
            available: report.available(),
            health: report.health(),
            last_report_time: report.last_report_time,
        })
        .collect();
    Ok(JsonText::of(&entries)?)
}

/// All reports about a resource, ordered by adapter.
pub(crate) async fn of_resource(tx: &impl ConnectionTrait, id: Uuid) -> Result<Vec<StoredReport>> {
    let rows = adapter_status::Entity::find()
        .filter(adapter_status::Column::OwnerId.eq(id))
        .order_by_asc(adapter_status::Column::Adapter)
        .all(tx)
        .await?;
    rows.into_iter().map(StoredReport::try_from).collect()
}

/// All reports about these resources, each with the resource it is about, ordered by adapter. PostgreSQL only.
pub(crate) async fn of_resources(
    db: &impl ConnectionTrait,
    ids: Vec<Uuid>,
) -> Result<Vec<(Uuid, StoredReport)>> {
    let rows = adapter_status::Entity::find()
        .filter(Expr::col(adapter_status::Column::OwnerId).eq(PgFunc::any(ids)))
        .order_by_asc(adapter_status::Column::Adapter)
        .all(db)
        .await?;
    rows.into_iter().map(|row| Ok((row.owner_id, StoredReport::try_from(row)?))).collect()
}

/// All reports about the node pools of a cluster, each with the node pool it is about, ordered by adapter.
pub(crate) async fn of_children(tx: &impl ConnectionTrait, owner: Uuid) -> Result<Vec<(Uuid, StoredReport)>> {
    let mut children = Query::select();
    children.column(node_pool::Column::Id).from(node_pool::Entity);
    children.and_where(node_pool::Column::OwnerId.eq(owner));
    let rows = adapter_status::Entity::find()
        .filter(adapter_status::Column::OwnerId.in_subquery(children))
        .order_by_asc(adapter_status::Column::Adapter)
        .all(tx)
        .await?;
    rows.into_iter().map(|row| Ok((row.owner_id, StoredReport::try_from(row)?))).collect()
}

/// Writes a report over the adapter's last one.
pub(super) async fn upsert(tx: &impl ConnectionTrait, owner: &Resource, report: &StoredReport) -> Result<()> {
    let row = report.row(owner)?.into_active_model().reset_all();
    let insert = adapter_status::Entity::insert(row).on_conflict(store::replace_report());
    insert.exec_without_returning(tx).await?;
    Ok(())
}

impl TryFrom<adapter_status::Model> for StoredReport {
    type Error = Error;

    fn try_from(row: adapter_status::Model) -> Result<Self> {
        let adapter_status::Model {
            owner_id: _,
            owner_type: _,
            adapter,
            observed_generation,
            conditions,
            data,
            metadata,
            created_time,
            last_report_time,
        } = row;
        let conditions = conditions.read()?;
        Ok(Self { adapter, observed_generation, conditions, data, metadata, created_time, last_report_time })
    }
}
