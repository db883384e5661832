//! Accepting the report of an adapter.

use super::locked::{Locked, lock};
use super::removal;
use super::request::{BatchResult, Outcome, ReportRequest};
use crate::context::{Committed, Context, Settings};
use crate::db::Consistency;
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::model::{Resource, ResourceChange, Target};
use crate::status::aggregate::{Trigger, successful_type};
use crate::status::classify::{Verdict, classify};
use crate::status::report::Report;
use crate::status::report_state::ReportState;
use crate::status::stored_status::adapters;
use crate::store::reader::Reader;
use crate::store::reports;
use crate::store::resources::{self, Wait};
use crate::store::save::save;
use crate::store::write::{Tx, Write};
use chrono::{DateTime, Utc};
use entity::adapter_status::Model;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// Stores a report and updates the status of its resource, or discards the report.
///
/// # Errors
/// [`Error::NotFound`], and [`Error::Invalid`] if a mandatory condition is missing, if the resource has too many
/// adapters, or if another adapter has the same condition type.
pub async fn report(context: &Context, target: Target, report: Report) -> Result<Outcome> {
    let request = Arc::new(ReportRequest { target, report });
    // Only such a report can remove a resource, which requires locks on other resources too.
    if request.report.finalized() {
        return run_single(context, &request).await;
    }
    let run = {
        let context = context.clone();
        move |batch| run_batch(context.clone(), batch)
    };
    match context.reports.submit(request.clone(), run).await? {
        Some(result) => result,
        None if exists(context, target).await? => run_single(context, &request).await,
        None => Err(target.not_found()),
    }
}

/// Whether a resource exists. Adapters continue to report about removed resources for a while; this check needs no
/// transaction.
async fn exists(context: &Context, Target { kind, id, .. }: Target) -> Result<bool> {
    let find = |reader: Reader| async move { reader.find(kind, id).await };
    Ok(context.read(Consistency::Strong, find).await?.is_some())
}

/// Applies a batch of reports in one transaction. A report is left to be handled alone if its resource does not exist
/// or is locked by another transaction.
async fn run_batch(context: Context, requests: Vec<Arc<ReportRequest>>) -> Result<Vec<BatchResult<Outcome>>> {
    let (context, requests) = (&context, requests.as_slice());
    let targets: &[Target] = &requests.iter().map(|request| request.target).collect::<Vec<_>>();
    let work = |tx: Tx| async move {
        let locked = lock(&tx, targets, Wait::Skip).await?;
        let mut batch = ReportBatch::new(context, tx.now(), locked);
        let outcomes = requests.iter().map(|request| batch.has_locked(request).then(|| batch.apply(request)));
        let outcomes: Vec<BatchResult<Outcome>> = outcomes.collect();
        batch.save(&tx).await?;
        Ok(outcomes)
    };
    context.write_batch(requests.len(), work).await
}

async fn run_single(context: &Context, request: &Arc<ReportRequest>) -> Result<Outcome> {
    let finalized = request.report.finalized();
    let work = |tx: Tx| async move {
        let parent = match finalized {
            true => resources::lock_cluster_of(&tx, &request.target).await?,
            false => None,
        };
        let locked = lock(&tx, &[request.target], Wait::Yes).await?;
        let mut batch = ReportBatch::new(context, tx.now(), locked);
        let outcome = batch.apply(request)?;
        if finalized {
            batch.save_or_remove(&tx, parent).await?;
        } else {
            batch.save(&tx).await?;
        }
        Ok(outcome)
    };
    let _pass = match finalized {
        true => context.enter_cluster(&request.target).await?,
        false => context.gate.enter(request.target.id).await?,
    };
    let Committed { value, changes } = context.write(work).await?;
    Ok(match value {
        Outcome::Stored { report, .. } => Outcome::Stored { report, changes },
        discarded => discarded,
    })
}

/// The effects of reports until they are saved. Does not access the database.
struct ReportBatch<'a> {
    settings: &'a Settings,
    now: DateTime<Utc>,
    subjects: HashMap<(Kind, Uuid), Locked>,
    /// The last report of each adapter about each resource.
    stored: BTreeMap<(Uuid, String), Model>,
}

impl<'a> ReportBatch<'a> {
    fn new(context: &'a Context, now: DateTime<Utc>, subjects: HashMap<(Kind, Uuid), Locked>) -> Self {
        let settings = context.settings.as_ref();
        Self { settings, now, subjects, stored: BTreeMap::new() }
    }

    fn has_locked(&self, request: &ReportRequest) -> bool {
        self.subjects.contains_key(&(request.target.kind, request.target.id))
    }

    /// Applies one report.
    fn apply(&mut self, request: &ReportRequest) -> Result<Outcome> {
        let ReportRequest { target, report } = request;
        let subject =
            self.subjects.get_mut(&(target.kind, target.id)).filter(|subject| target.matches(&subject.after));
        let subject = subject.ok_or_else(|| target.not_found())?;
        let place =
            subject.reports.binary_search_by(|known| known.adapter.as_str().cmp(report.adapter.as_str()));
        let existing = place.ok().map(|at| &subject.reports[at]);
        let observed = report.observed_at(self.now, existing);
        let mandatory = &self.settings.mandatory_conditions;
        let aggregate = match classify(subject.after.generation, existing, report, observed, mandatory)? {
            Verdict::Discard(reason) => return Ok(Outcome::Discarded(reason)),
            Verdict::Store { aggregate } => aggregate,
        };
        if existing.is_none() {
            check_new_adapter(report.adapter.as_str(), &subject.reports, self.settings.max_adapters)?;
        }
        let state = report.state(observed, existing);
        let row = reports::row(target.kind, target.id, report, &state)?;
        match place {
            Ok(at) => subject.reports[at] = state,
            Err(at) => subject.reports.insert(at, state),
        }
        subject.after.revision += 1;
        report.adapter.as_str().clone_into(&mut subject.by);
        if aggregate {
            let (required, trigger) = (&self.settings.required, Trigger::Report(observed));
            subject.after.aggregate(required, &subject.reports, subject.has_children, trigger)?;
        } else {
            subject.after.status.adapters = adapters(&subject.reports)?;
        }
        self.stored.insert((target.id, row.adapter.clone()), row.clone());
        let change = ResourceChange::of(&subject.after, subject.after.generation, false);
        Ok(Outcome::Stored { report: Box::new(row), changes: vec![change] })
    }

    /// Saves the changes.
    async fn save(self, tx: &Tx) -> Result<()> {
        let changed =
            self.subjects.into_values().filter(|subject| subject.after.revision != subject.before.revision);
        let updates = changed.map(Locked::into_write).collect();
        reports::upsert(tx, self.stored.into_values().collect()).await?;
        save(tx, updates).await?;
        Ok(())
    }

    /// Saves the changes, or removes the resource if its deletion waited only for this report. `parent` is its
    /// cluster, which is removed too if it waited for nothing else.
    async fn save_or_remove(mut self, tx: &Tx, parent: Option<Resource>) -> Result<()> {
        let required = &self.settings.required;
        let due = |subject: &Locked| {
            !self.stored.is_empty()
                && removal::is_due(required, &subject.after, &subject.reports, subject.has_children)
        };
        let Some(id) = self.subjects.iter().find(|(_, subject)| due(subject)).map(|(id, _)| *id) else {
            return self.save(tx).await;
        };
        let Some(Locked { before, after, by, .. }) = self.subjects.remove(&id) else { return Ok(()) };
        let parent = removal::of_cluster(tx, required, parent, &after, &by).await?;
        let mut writes = vec![Write::Remove { before, last: after, by }];
        writes.extend(parent);
        save(tx, writes).await?;
        Ok(())
    }
}

/// Verifies that an adapter may begin to report about a resource: the number of adapters is limited, and their
/// condition types differ.
fn check_new_adapter(adapter: &str, reports: &[ReportState], max: usize) -> Result<()> {
    if reports.len() >= max {
        let message = format!("at most {max} adapters may report about one resource");
        return Err(Error::invalid("adapter", message, "max"));
    }
    let r#type = successful_type(adapter);
    match reports.iter().find(|report| successful_type(&report.adapter) == r#type) {
        Some(other) => {
            let message =
                format!("adapter '{}' already has the condition type {type}", other.adapter, type = r#type);
            Err(Error::invalid("adapter", message, "unique"))
        }
        None => Ok(()),
    }
}
