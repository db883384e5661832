//! A report as it comes in, as it is stored, and the way between.

use super::condition::{ConditionStatus, micros};
use super::{Event, Verdict, classify};
use crate::error::Outcome;
use crate::metrics::Started;
use crate::resource::{removal, store};
use crate::{AdapterName, Context, Error, Kind, Resource, Result, Scope, Settings, Write};
use chrono::{DateTime, Utc};
use entity::{JsonText, adapter_status};
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Tries without a lock before one is taken.
const UNLOCKED_ATTEMPTS: usize = 3;

/// What an adapter reports about a resource.
#[derive(Clone, Debug)]
pub struct Report {
    /// The kind reported on.
    pub kind: Kind,
    /// The resource reported on.
    pub id: Uuid,
    /// The cluster the node pool must belong to, if one was named.
    pub owner: Option<Uuid>,
    /// Who reports.
    pub adapter: AdapterName,
    /// The generation it had seen.
    pub observed_generation: i64,
    /// When it looked.
    pub observed_time: DateTime<Utc>,
    /// What it saw.
    pub conditions: Vec<ReportedCondition>,
    /// What it wants kept.
    pub data: JsonText,
    /// What it says of its own run.
    pub metadata: Option<JsonText>,
}

/// A condition as it comes in.
#[derive(Clone, Debug)]
pub struct ReportedCondition {
    /// What is said.
    pub r#type: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word on why.
    pub reason: Option<String>,
    /// A sentence on why.
    pub message: Option<String>,
    /// The adapter, if the condition names one.
    pub adapter: Option<String>,
    /// The generation, if the condition names one.
    pub observed_generation: Option<i64>,
    /// When the adapter first said so, if it tells.
    pub created_at: Option<DateTime<Utc>>,
    /// When the adapter last said so, if it tells.
    pub updated_at: Option<DateTime<Utc>>,
}

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
fn available<'a>(conditions: impl Iterator<Item = (&'a str, ConditionStatus)> + Clone) -> ConditionStatus {
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

impl Report {
    /// Whether it calls the resource available.
    pub fn available(&self) -> ConditionStatus {
        available(self.conditions.iter().map(|c| (c.r#type.as_str(), c.status)))
    }

    /// Whether it says that nothing of the resource is left.
    fn finalized(&self) -> bool {
        self.conditions.iter().any(|c| c.r#type == "Finalized" && c.status == ConditionStatus::True)
    }

    fn stored(&self, existing: Option<&StoredReport>) -> StoredReport {
        StoredReport {
            adapter: self.adapter.as_str().to_owned(),
            observed_generation: self.observed_generation,
            conditions: self.conditions.iter().map(|condition| self.condition(condition, existing)).collect(),
            data: self.data.clone(),
            metadata: self.metadata.clone(),
            created_time: existing.map_or(self.observed_time, |existing| existing.created_time),
            last_report_time: self.observed_time,
        }
    }

    fn condition(&self, condition: &ReportedCondition, existing: Option<&StoredReport>) -> StoredCondition {
        let ReportedCondition {
            r#type,
            status,
            reason,
            message,
            adapter,
            observed_generation,
            created_at,
            updated_at,
        } = condition;
        let before = existing.and_then(|report| report.condition(r#type));
        let unchanged = before.filter(|before| before.status == *status);
        StoredCondition {
            r#type: r#type.clone(),
            status: *status,
            reason: reason.clone(),
            message: message.clone(),
            adapter: adapter.clone().unwrap_or_else(|| self.adapter.as_str().to_owned()),
            observed_generation: observed_generation.unwrap_or(self.observed_generation),
            created_at: created_at.or(before.map(|b| b.created_at)).unwrap_or(self.observed_time),
            updated_at: updated_at.unwrap_or(self.observed_time),
            last_transition_time: unchanged.map_or(self.observed_time, |before| before.last_transition_time),
        }
    }
}

impl StoredReport {
    fn condition(&self, name: &str) -> Option<&StoredCondition> {
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

impl Write for Report {
    type Output = Outcome<StoredReport>;

    async fn run(&self, scope: &Scope<'_>) -> Result<Self::Output> {
        // Only a report that nothing is left can remove the resource, and with it its parent.
        let parent = match self.finalized() {
            true => removal::lock_parent(scope, self.kind, self.id).await?,
            false => None,
        };
        let resource = removal::lock_owned(scope, self.kind, self.id, self.owner).await?;
        let reports = of_resource(scope.tx, resource.id).await?;
        let has_children = resource.is_finalizing()
            && resource.kind == Kind::Cluster
            && store::has_children(scope.tx, resource.id).await?;
        let decision = self.decide(&scope.context.settings, resource, reports, has_children)?;
        let Decision { resource, reports, stored, reconciled_before } = match decision {
            Outcome::Stored(decision) => decision,
            Outcome::Discarded(reason) => return Ok(Outcome::Discarded(reason)),
        };
        upsert(scope.tx, &resource, &stored).await?;
        scope.started.note(&resource, reconciled_before);
        if self.finalized() && removal::is_due(scope, &resource, &reports, has_children) {
            removal::remove(scope, resource, parent).await?;
        } else {
            store::update_status(scope.tx, resource).await?;
        }
        Ok(Outcome::Stored(stored))
    }
}

/// What a report that is stored makes of its resource.
struct Decision {
    resource: Resource,
    reports: Vec<StoredReport>,
    stored: StoredReport,
    /// Whether the resource was reconciled before.
    reconciled_before: bool,
}

impl Report {
    /// Takes the report: the resource as it is after it, at once, or why it was discarded.
    ///
    /// Where the database can, this reads without a lock, decides, and writes by one statement that holds
    /// only if nobody has written meanwhile: two ways to the database instead of six. Every stored report
    /// raises the revision, so what was decided on is what is there. Who keeps losing takes the lock.
    pub async fn submit(self, context: &Context) -> Result<Outcome<StoredReport>> {
        // A report that may remove something takes the locks that needs.
        if context.db.dialect().chains_writes() && !self.finalized() {
            for _ in 0..UNLOCKED_ATTEMPTS {
                if let Some(outcome) = self.try_unlocked(context).await? {
                    return Ok(outcome);
                }
            }
        }
        context.write(self).await
    }

    /// One try without a lock; `None` if somebody else was faster.
    async fn try_unlocked(&self, context: &Context) -> Result<Option<Outcome<StoredReport>>> {
        let db = context.db.primary();
        let found = context.db.find_with_reports(self.kind, self.id).await?;
        let found = found.filter(|(resource, _)| self.owner.is_none() || resource.owner_id == self.owner);
        let not_found = || Error::NotFound { kind: self.kind, id: self.id.to_string() };
        let (resource, reports) = found.ok_or_else(not_found)?;
        let has_children = resource.is_finalizing()
            && resource.kind == Kind::Cluster
            && store::has_children(db, resource.id).await?;
        let decision = match self.decide(&context.settings, resource, reports, has_children)? {
            Outcome::Stored(decision) => decision,
            Outcome::Discarded(reason) => return Ok(Some(Outcome::Discarded(reason))),
        };
        let Decision { resource, stored, reconciled_before, .. } = decision;
        let started = Started::default();
        started.note(&resource, reconciled_before);
        let row = stored.row(&resource)?;
        let written = store::update_reported(db, resource, row).await?;
        Ok(written.then(|| {
            started.count();
            Outcome::Stored(stored)
        }))
    }

    /// What becomes of the report, and of the resource with it. Touches no database.
    fn decide(
        &self,
        settings: &Settings,
        mut resource: Resource,
        mut reports: Vec<StoredReport>,
        has_children: bool,
    ) -> Result<Outcome<Decision>> {
        let place = reports.binary_search_by(|report| report.adapter.as_str().cmp(self.adapter.as_str()));
        let existing = place.ok().map(|at| &reports[at]);
        let verdict = classify(resource.generation, existing, self, &settings.mandatory_conditions)?;
        let aggregate = match verdict {
            Verdict::Discard(reason) => return Ok(Outcome::Discarded(reason)),
            Verdict::Store { aggregate } => aggregate,
        };
        let stored = self.stored(existing);
        match place {
            Ok(at) => reports[at] = stored.clone(),
            Err(at) => reports.insert(at, stored.clone()),
        }
        let reconciled_before = resource.status.reconciled;
        resource.revision += 1;
        if aggregate {
            let event = Event::Report(self.observed_time);
            let now = super::of_resource_now(settings, &resource, &reports, has_children, event)?;
            resource.status = super::stored(&now, &reports)?;
        } else {
            resource.status.adapters = summary(&reports)?;
        }
        Ok(Outcome::Stored(Decision { resource, reports, stored, reconciled_before }))
    }
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
    use entity::node_pool;
    use sea_orm::QuerySelect;
    use sea_orm::sea_query::Query;
    let mut children = Query::select();
    children.column(node_pool::Column::Id).from(node_pool::Entity);
    children.and_where(node_pool::Column::OwnerId.eq(owner));
    let rows = adapter_status::Entity::find()
        .filter(adapter_status::Column::OwnerId.in_subquery(children))
        .order_by_asc(adapter_status::Column::Adapter)
        .limit(None)
        .all(tx)
        .await?;
    rows.into_iter().map(|row| Ok((row.owner_id, StoredReport::try_from(row)?))).collect()
}

async fn upsert(tx: &impl ConnectionTrait, owner: &Resource, report: &StoredReport) -> Result<()> {
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
