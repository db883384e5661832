//! What the changing operations on clusters and node pools have in common: all but their addresses and texts.
//!
//! A change runs to its end even if its caller leaves: what is committed is audited, and a key that was claimed
//! for nothing is given back.

use super::resources::{Target, strong};
use crate::app::App;
use crate::caller::Caller;
use crate::dto::{AdapterStatus, Input, NewReport, NewResource, ReadBody, ResourceView};
use crate::problem::{ApiError, ApiResult, Code};
use crate::response::{Changed, Created, Deleting, Document, ForceDeleted, Reported, versioned};
use poem::http::StatusCode;
use service::idempotency::{Claim, Claimed};
use service::resource::{Applied, Change, Create, Delete, Effect, ForceDelete, IfMatch, Patch};
use service::status::Report;
use service::{Context, Outcome, Resource, Write};
use uuid::Uuid;

/// The longest idempotency key, in characters.
const MAX_KEY: usize = 255;

pub(super) async fn create<T: ResourceView>(
    app: &App,
    caller: Caller,
    owner: Option<Uuid>,
    idempotency_key: Option<String>,
    body: Input<impl ReadBody<Value = NewResource>>,
) -> ApiResult<Created<T>> {
    let key = idempotency_key.map(checked_key).transpose()?;
    let Input { value, canonical } = body;
    let NewResource { name, spec, labels } = value;
    let create = Create { kind: T::KIND, owner, name, spec, labels, caller: caller.0.clone(), claim: None };
    let context = app.context.clone();
    let resource = app
        .to_the_end(async move {
            let Some(key) = key else { return Ok(create_audited(&context, &caller, create).await?) };
            let path = owner.map(|id| id.to_string()).unwrap_or_default();
            let request = [create.kind.as_str(), &path, &canonical];
            let claim = match Claim::make(&context, &caller.0, &key, &request).await? {
                Claimed::Done(resource) => return Ok(*resource),
                Claimed::New(claim) => claim,
            };
            let create = Create { claim: Some(claim.clone()), ..create };
            let created = create_audited(&context, &caller, create).await;
            if created.is_err()
                && let Err(error) = claim.release(&context).await
            {
                tracing::warn!(%error, "an Idempotency-Key stays claimed until the claim lapses");
            }
            Ok(created?)
        })
        .await?;
    let location = resource.href();
    let (document, etag) = versioned(resource)?;
    Ok(Created::Resource(document, etag, location))
}

async fn create_audited(context: &Context, caller: &Caller, create: Create) -> service::Result<Resource> {
    let resource = create.perform(context).await?;
    let Resource { kind, id, generation, .. } = resource;
    let made = Effect { kind, id, generation_before: 0, generation_after: generation, removed: false };
    audit("create", caller, None, &[made]);
    Ok(resource)
}

fn checked_key(key: String) -> ApiResult<String> {
    let length = key.chars().count();
    if (1..=MAX_KEY).contains(&length) && !key.chars().any(char::is_control) {
        return Ok(key);
    }
    let message = format!("Idempotency-Key must be 1 to {MAX_KEY} printable characters");
    Err(service::Error::invalid("Idempotency-Key", message, "max_length").into())
}

/// Creating a node pool needs a cluster, which this path does not name.
pub(super) fn refuse_without_parent() -> ApiError {
    let detail = "kind \"NodePool\" is a child kind; create it via /clusters/{cluster_id}/nodepools";
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, Code::Validation, detail)
}

pub(super) async fn patch<T: ResourceView>(
    app: &App,
    caller: Caller,
    target: Target,
    if_match: Option<String>,
    change: Change,
) -> ApiResult<Changed<T>> {
    let Target { kind, id, owner } = target;
    let patch = Patch { kind, id, owner, if_match: if_match_of(if_match)?, change, caller: caller.0.clone() };
    let (document, etag) = versioned(apply(app, caller, "patch", patch).await?)?;
    Ok(Changed::Resource(document, etag))
}

pub(super) async fn delete<T: ResourceView>(
    app: &App,
    caller: Caller,
    target: Target,
    if_match: Option<String>,
) -> ApiResult<Deleting<T>> {
    let Target { kind, id, owner } = target;
    let delete = Delete { kind, id, owner, if_match: if_match_of(if_match)?, caller: caller.0.clone() };
    let (document, etag) = versioned(apply(app, caller, "delete", delete).await?)?;
    Ok(Deleting::Resource(document, etag))
}

/// Applies a change to a resource and audits it.
async fn apply(
    app: &App,
    caller: Caller,
    action: &'static str,
    change: impl Write<Output = Applied>,
) -> ApiResult<Resource> {
    let context = app.context.clone();
    app.to_the_end(async move {
        let Applied { resource, effects } = context.write(change).await?;
        audit(action, &caller, None, &effects);
        Ok(resource)
    })
    .await
}

pub(super) async fn force_delete(
    app: &App,
    caller: Caller,
    target: Target,
    if_match: Option<String>,
    reason: String,
) -> ApiResult<ForceDeleted> {
    let Target { kind, id, owner } = target;
    let force = ForceDelete { kind, id, owner, if_match: if_match_of(if_match)? };
    let context = app.context.clone();
    app.to_the_end(async move {
        let effects = context.write(force).await?;
        audit("force-delete", &caller, Some(&reason), &effects);
        Ok(ForceDeleted::Gone)
    })
    .await
}

pub(super) async fn report(
    app: &App,
    caller: Caller,
    target: Target,
    report: NewReport,
) -> ApiResult<Reported<AdapterStatus>> {
    let Target { kind, id, owner } = target;
    let NewReport { adapter, observed_generation, observed_time, conditions, data, metadata } = report;
    let name = adapter.as_str().to_owned();
    let report =
        Report { kind, id, owner, adapter, observed_generation, observed_time, conditions, data, metadata };
    let context = app.context.clone();
    let outcome = app
        .to_the_end(async move {
            let outcome = report.submit(&context).await?;
            if let Outcome::Stored(received) = &outcome {
                audit("report", &caller, Some(&name), &received.effects);
            }
            Ok(outcome)
        })
        .await?;
    match outcome {
        Outcome::Stored(received) => {
            Ok(Reported::Stored(Document::of(&AdapterStatus::from(received.report))?))
        }
        Outcome::Discarded(reason) => {
            let reason = reason.as_str();
            metrics::counter!("hyperfleet_api_status_reports_discarded_total", "reason" => reason)
                .increment(1);
            Ok(Reported::Discarded(reason.to_owned()))
        }
    }
}

/// One line for each resource that a change concerned: who did what to it, and why. Of a report the adapter is the
/// reason.
fn audit(action: &'static str, caller: &Caller, reason: Option<&str>, effects: &[Effect]) {
    for effect in effects {
        let Effect { kind, id, generation_before, generation_after, removed } = effect;
        tracing::info!(
            target: "audit",
            action,
            caller = caller.0,
            reason,
            resource_type = kind.as_str(),
            resource_id = %id,
            generation_before,
            generation_after,
            removed,
            "audit"
        );
    }
}

fn if_match_of(header: Option<String>) -> ApiResult<IfMatch> {
    let Some(header) = header else { return Ok(IfMatch::Unsaid) };
    let tags: Vec<String> = header.split(',').map(|tag| tag.trim().to_owned()).collect();
    match tags.as_slice() {
        [any] if any == "*" => Ok(IfMatch::Any),
        tags if tags.iter().all(|tag| is_tag(tag)) => Ok(IfMatch::Tags(tags.to_vec())),
        _ => {
            let message = "If-Match must be * or a list of entity tags in quotes, as in the header ETag";
            Err(service::Error::invalid("If-Match", message, "format").into())
        }
    }
}

fn is_tag(tag: &str) -> bool {
    let tag = strong(tag);
    tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"')
}
