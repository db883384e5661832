//! A report as it comes in, and what it leads to.

use super::condition::ConditionStatus;
use super::stored::{StoredCondition, StoredReport, available, of_resource, summary, upsert};
use super::{Event, Verdict, classify};
use crate::error::Outcome;
use crate::metrics::Started;
use crate::resource::{Effect, removal, store};
use crate::{AdapterName, Context, Error, Kind, Resource, Result, Scope, Settings, Write};
use chrono::{DateTime, Utc};
use entity::JsonText;
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

/// What a report that was stored has led to.
#[derive(Debug)]
pub struct Received {
    /// The report as it is kept.
    pub report: StoredReport,
    /// What became of the resource, and of its cluster if that waited for nothing else.
    pub effects: Vec<Effect>,
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

impl Write for Report {
    type Output = Outcome<Received>;

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
        let effects = if self.finalized() && removal::is_due(scope, &resource, &reports, has_children) {
            removal::remove(scope, &resource, resource.generation, parent).await?
        } else {
            let effect = Effect::on(&resource, resource.generation);
            store::update_status(scope.tx, resource).await?;
            vec![effect]
        };
        Ok(Outcome::Stored(Received { report: stored, effects }))
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
    pub async fn submit(self, context: &Context) -> Result<Outcome<Received>> {
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
    async fn try_unlocked(&self, context: &Context) -> Result<Option<Outcome<Received>>> {
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
        let effects = vec![Effect::on(&resource, resource.generation)];
        let written = match store::update_reported(db, resource, row).await {
            Err(Error::GaveWay(_)) => false,
            result => result?,
        };
        Ok(written.then(|| {
            started.count();
            Outcome::Stored(Received { report: stored, effects })
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
            resource.status = super::status_of(&now, &reports)?;
        } else {
            resource.status.adapters = summary(&reports)?;
        }
        Ok(Outcome::Stored(Decision { resource, reports, stored, reconciled_before }))
    }
}
