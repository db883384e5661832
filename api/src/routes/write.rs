//! The write operations on clusters and node pools, without their paths and descriptions.
//!
//! A write runs to completion even if the caller disconnects, so that every committed change is audited.

use crate::auth::Caller;
use crate::call::Call;
use crate::dto::{
    AdapterStatus, AdapterStatusCreateRequest, CreateRequest, EntityTags, ForceDeleteRequest, IdempotencyKey,
    IfMatchHeader, Input, MAX_KEY, PatchRequest, ResourceView,
};
use crate::problem::{ApiError, ApiResult};
use crate::response::{Changed, Created, Deleting, ForceDeleted, Json, Reported, StoredAnswer, versioned};
use crate::telemetry::RequestContext;
use poem::http::StatusCode;
use service::idempotency::Key;
use service::model::{Resource, ResourceChange, Target};
use service::resource::{self, Applied, Outcome};
use uuid::Uuid;

pub(super) async fn create<T: ResourceView>(
    Call { app, caller, .. }: Call<'_>,
    owner: Option<Uuid>,
    idempotency_key: Option<IdempotencyKey>,
    body: Input<CreateRequest<T>>,
) -> ApiResult<Created<T>> {
    let key = idempotency_key.map(checked_key).transpose()?;
    let (value, canonical) = match owner.zip(T::KIND.parent()) {
        Some((id, kind)) => body.into_value_for(app, &Target { kind, id, owner: None }).await?,
        None => body.into_value()?,
    };
    let create = value.into_create(owner, caller.name.clone())?;
    let created = app.run_to_completion(|context| async move {
        let path = owner.map(|id| id.to_string()).unwrap_or_default();
        let request = [create.kind.as_str(), &path, &canonical];
        let answer = |resource: &Resource| StoredAnswer::of::<T>(resource)?.text();
        let key = key.as_ref().map(|key| Key::new(&caller.name, key, &request, &answer));
        let created = resource::create(&context, create, key.as_ref()).await?;
        if let resource::Created::New(applied) = &created {
            audit("create", &caller, None, &applied.changes);
        }
        Ok(created)
    });
    let answer = match created.await? {
        resource::Created::New(applied) => StoredAnswer::of::<T>(&applied.resource)?,
        resource::Created::Repeated(answer) => StoredAnswer::parse(&answer)?,
    };
    let StoredAnswer { etag, location, body } = answer;
    Ok(Created::Resource(Json::from_raw(body), etag, location))
}

fn checked_key(IdempotencyKey { value: key, .. }: IdempotencyKey) -> ApiResult<String> {
    let length = key.chars().count();
    if (1..=MAX_KEY).contains(&length) && !key.chars().any(char::is_control) {
        return Ok(key);
    }
    let message = format!("Idempotency-Key must be 1 to {MAX_KEY} printable characters");
    Err(service::Error::invalid("Idempotency-Key", message, "max_length").into())
}

/// The error for creating a node pool on a path that does not identify its cluster.
pub(super) fn refuse_without_parent() -> ApiError {
    let detail = "kind \"NodePool\" is a child kind; create it via /clusters/{cluster_id}/nodepools";
    ApiError::invalid(detail, Vec::new()).with_status(StatusCode::UNPROCESSABLE_ENTITY)
}

pub(super) async fn patch<T: ResourceView>(
    Call { app, caller, .. }: Call<'_>,
    target: Target,
    if_match: Option<IfMatchHeader>,
    body: Input<PatchRequest<T>>,
) -> ApiResult<Changed<T>> {
    let if_match = if_match_of(if_match)?;
    let (change, _) = body.into_value_for(app, &target).await?;
    let patched = app.run_to_completion(|context| async move {
        let Applied { resource, changes } =
            resource::patch(&context, target, if_match, change, caller.name.clone()).await?;
        audit("patch", &caller, None, &changes);
        Ok(resource)
    });
    let (document, etag) = versioned(patched.await?)?;
    Ok(Changed::Resource(document, etag))
}

pub(super) async fn delete<T: ResourceView>(
    Call { app, caller, .. }: Call<'_>,
    target: Target,
    if_match: Option<IfMatchHeader>,
) -> ApiResult<Deleting<T>> {
    let if_match = if_match_of(if_match)?;
    let deleted = app.run_to_completion(|context| async move {
        let Applied { resource, changes } =
            resource::delete(&context, &target, &if_match, &caller.name).await?;
        audit("delete", &caller, None, &changes);
        Ok(resource)
    });
    let (document, etag) = versioned(deleted.await?)?;
    Ok(Deleting::Resource(document, etag))
}

pub(super) async fn force_delete(
    Call { app, caller, .. }: Call<'_>,
    target: Target,
    if_match: Option<IfMatchHeader>,
    body: Input<ForceDeleteRequest>,
) -> ApiResult<ForceDeleted> {
    let if_match = if_match_of(if_match)?;
    let (ForceDeleteRequest { reason }, _) = body.into_value_for(app, &target).await?;
    let removed = app.run_to_completion(|context| async move {
        let changes = resource::force_delete(&context, &target, &if_match, &caller.name).await?;
        audit("force-delete", &caller, Some(&reason), &changes);
        Ok(ForceDeleted::Gone)
    });
    removed.await
}

pub(super) async fn report(
    Call { app, caller, .. }: Call<'_>,
    target: Target,
    body: Input<AdapterStatusCreateRequest>,
) -> ApiResult<Reported<AdapterStatus>> {
    let report = body.into_value_for(app, &target).await?.0.into_report()?;
    let adapter = report.adapter.as_str().to_owned();
    let reported = app.run_to_completion(|context| async move {
        let outcome = resource::report(&context, target, report).await?;
        if let Outcome::Stored { changes, .. } = &outcome {
            audit("report", &caller, Some(&adapter), changes);
        }
        Ok(outcome)
    });
    match reported.await? {
        Outcome::Stored { report, .. } => Ok(Reported::Stored(Json::of(&AdapterStatus::from(*report))?)),
        Outcome::Discarded(reason) => {
            let reason: &str = reason.into();
            metrics::counter!("hyperfleet_api_status_reports_discarded_total", "reason" => reason)
                .increment(1);
            Ok(Reported::Discarded(reason.to_owned()))
        }
    }
}

/// Logs one audit line for each resource that a write changed: the caller, the action and the reason. For a report,
/// the reason is the adapter.
fn audit(action: &'static str, caller: &Caller, reason: Option<&str>, changes: &[ResourceChange]) {
    for change in changes {
        let ResourceChange { kind, id, generation_before, generation_after, removed } = change;
        tracing::info!(
            target: "audit",
            action,
            caller = caller.name,
            reason,
            resource_type = kind.as_str(),
            resource_id = %id,
            generation_before,
            generation_after,
            removed,
            request_id = RequestContext::request_id(),
            "audit"
        );
    }
}

/// Parses the header `If-Match`.
fn if_match_of(header: Option<IfMatchHeader>) -> ApiResult<resource::IfMatch> {
    let Some(header) = header else { return Ok(resource::IfMatch::Any) };
    match EntityTags::parse(&header.value) {
        Some(EntityTags::Any) => Ok(resource::IfMatch::Any),
        Some(EntityTags::Revisions(revisions)) => Ok(resource::IfMatch::Revisions(revisions)),
        None => {
            let message = "If-Match must be * or a list of entity tags in quotes, as in the header ETag";
            Err(service::Error::invalid("If-Match", message, "format").into())
        }
    }
}
