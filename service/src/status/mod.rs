//! What adapters report, and what is made of it.

mod aggregate;
mod classify;
mod condition;
mod list;
mod report;
mod stored;

pub use aggregate::{Aggregate, Event, Subject, aggregate};
pub use classify::{DiscardReason, Verdict, classify};
pub use condition::{Condition, ConditionStatus, Phase};
pub use list::{StatusPage, page};
pub use report::{Received, Report, ReportedCondition};
pub use stored::{StoredCondition, StoredReport};

pub(crate) use stored::{of_children, of_resource, of_resources};

use crate::resource::{Resource, StoredStatus};
use crate::{Result, Scope, Settings};
use chrono::{DateTime, Utc};
use entity::JsonText;

/// The status of a resource that is being created at `now`.
pub(crate) fn initial(settings: &Settings, kind: crate::Kind, now: DateTime<Utc>) -> Result<StoredStatus> {
    let subject = Subject {
        generation: 1,
        created_time: now,
        reference_time: now,
        finalizing: false,
        has_children: false,
        required: settings.required(kind),
        previous: None,
    };
    let aggregate = aggregate(&subject, &[], Event::Change);
    status_of(&aggregate, &[])
}

/// Aggregates anew after the resource itself has changed.
pub(crate) fn refresh(
    scope: &Scope<'_>,
    resource: &mut Resource,
    reports: &[StoredReport],
    has_children: bool,
) -> Result<()> {
    let settings = &scope.context.settings;
    let aggregate = of_resource_now(settings, resource, reports, has_children, Event::Change)?;
    let reconciled_before = resource.status.reconciled;
    resource.status = status_of(&aggregate, reports)?;
    scope.started.note(resource, reconciled_before);
    Ok(())
}

/// Aggregates `resource` from `reports`.
fn of_resource_now(
    settings: &Settings,
    resource: &Resource,
    reports: &[StoredReport],
    has_children: bool,
    event: Event,
) -> Result<Aggregate> {
    let previous = resource.aggregate()?;
    let subject = Subject {
        generation: resource.generation,
        created_time: resource.created_time,
        reference_time: resource.updated_time,
        finalizing: resource.is_finalizing(),
        has_children,
        required: settings.required(resource.kind),
        previous: Some(&previous),
    };
    Ok(aggregate(&subject, reports, event))
}

/// The aggregate and the reports as the row keeps them.
fn status_of(aggregate: &Aggregate, reports: &[StoredReport]) -> Result<StoredStatus> {
    let reconciled = aggregate.reconciled();
    Ok(StoredStatus {
        phase: aggregate.phase.as_str().to_owned(),
        observed_generation: aggregate.observed_generation,
        updated_time: aggregate.updated_time,
        transition_time: aggregate.transition_time,
        conditions: JsonText::of(&aggregate.conditions)?,
        adapters: stored::summary(reports)?,
        reconciled: reconciled.is_some_and(|condition| condition.status == ConditionStatus::True),
        reconciled_updated_time: reconciled.map_or(aggregate.updated_time, |c| c.last_updated_time),
    })
}
