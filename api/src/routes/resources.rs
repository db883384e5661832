//! What the operations on clusters and node pools have in common: all but their addresses and texts.

use crate::app::App;
use crate::caller::Caller;
use crate::dto::{AdapterStatus, Id, Input, List, NewReport, NewResource, ReadBody, ResourceView};
use crate::fields::Selection;
use crate::list::{ListRequest, Parameters, read_status_list};
use crate::problem::{ApiError, ApiResult, Code};
use crate::response::{
    Changed, Created, Deleting, Document, Fetched, ForceDeleted, Reported, Shown, versioned,
};
use poem::http::StatusCode;
use service::idempotency::{Claim, Claimed};
use service::resource::{self, Change, Create, Delete, ForceDelete, IfMatch, Patch};
use service::status::Report;
use service::{Kind, Outcome, Resource, status};
use std::sync::LazyLock;
use uuid::Uuid;

/// The longest idempotency key, in characters.
const MAX_KEY: usize = 255;

static FIELDS: LazyLock<Selection> = LazyLock::new(|| {
    let status = ["phase", "observed_generation", "last_updated_time", "last_transition_time"];
    let condition = [
        "type",
        "status",
        "reason",
        "message",
        "observed_generation",
        "created_time",
        "last_updated_time",
        "last_transition_time",
    ];
    let adapter = ["adapter", "observed_generation", "available", "health", "last_report_time"];
    let mut paths: Vec<String> = [
        "id",
        "kind",
        "name",
        "href",
        "spec.*",
        "labels.*",
        "generation",
        "created_time",
        "updated_time",
        "created_by",
        "updated_by",
        "deleted_time",
        "deleted_by",
        "owner_references.id",
        "owner_references.kind",
        "owner_references.href",
    ]
    .map(String::from)
    .to_vec();
    paths.extend(status.map(|field| format!("status.{field}")));
    paths.extend(condition.map(|field| format!("status.conditions.{field}")));
    paths.extend(adapter.map(|field| format!("status.adapters.{field}")));
    Selection::of(&paths.iter().map(String::as_str).collect::<Vec<_>>())
});

static STATUS_FIELDS: LazyLock<Selection> = LazyLock::new(|| {
    Selection::of(&[
        "adapter",
        "observed_generation",
        "observed_time",
        "conditions.*",
        "data.*",
        "metadata.*",
        "created_time",
        "last_report_time",
    ])
});

/// Which resource a path names.
pub(super) struct Target {
    kind: Kind,
    id: Uuid,
    owner: Option<Uuid>,
}

impl Target {
    /// A cluster.
    pub(super) fn cluster(id: &Id) -> ApiResult<Self> {
        Ok(Self { kind: Kind::Cluster, id: parse(Kind::Cluster, id)?, owner: None })
    }

    /// A node pool, wherever it is.
    pub(super) fn node_pool(id: &Id) -> ApiResult<Self> {
        Ok(Self { kind: Kind::NodePool, id: parse(Kind::NodePool, id)?, owner: None })
    }

    /// A node pool of a cluster.
    pub(super) fn node_pool_of(cluster: &Id, id: &Id) -> ApiResult<Self> {
        let owner = Some(parse(Kind::Cluster, cluster)?);
        Ok(Self { owner, ..Self::node_pool(id)? })
    }
}

/// An id that is no UUID names nothing.
pub(super) fn parse(kind: Kind, id: &Id) -> ApiResult<Uuid> {
    let not_found = || {
        let id: String = id.as_str().chars().take(80).collect();
        service::Error::NotFound { kind, id }
    };
    Ok(id.uuid().ok_or_else(not_found)?)
}

pub(super) async fn list<T: ResourceView>(
    app: &App,
    owner: Option<Uuid>,
    parameters: &Parameters,
) -> ApiResult<Shown<List<T>>> {
    let request = ListRequest::read(parameters, T::KIND, owner, app.max_page_size, &FIELDS)?;
    let query = request.query;
    let read = |context| {
        let query = query.clone();
        async move { service::list::list(&context, query).await }
    };
    let page = app.context.read(parameters.freshness(), read).await?;
    let items: Vec<T> = page.items.into_iter().map(T::from).collect();
    let list = List {
        kind: T::KIND.list(),
        page: request.page,
        size: items.len(),
        total: page.total,
        items,
        next: page.next,
    };
    let Some(selection) = request.selection else { return Ok(Shown::Document(Document::list(&list)?)) };
    Ok(Shown::Document(Document::of_list(&list, &selection, &["id"])?))
}

pub(super) async fn create<T: ResourceView>(
    app: &App,
    caller: Caller,
    owner: Option<Uuid>,
    idempotency_key: Option<String>,
    body: Input<impl ReadBody<Value = NewResource>>,
) -> ApiResult<Created<T>> {
    let claim = match idempotency_key {
        None => None,
        Some(key) => {
            let path = owner.map(|id| id.to_string()).unwrap_or_default();
            let request = [T::KIND.as_str(), &path, &body.canonical];
            match Claim::make(&app.context, &caller.0, &checked_key(key)?, &request).await? {
                Claimed::Done(resource) => return created(*resource),
                Claimed::New(claim) => Some(claim),
            }
        }
    };
    let NewResource { name, spec, labels } = body.value;
    let create =
        Create { kind: T::KIND, owner, name, spec, labels, caller: caller.0.clone(), claim: claim.clone() };
    match create.perform(&app.context).await {
        Ok(resource) => {
            audit("create", &caller, &resource, resource.generation - 1);
            created(resource)
        }
        Err(error) => {
            if let Some(claim) = claim {
                claim.release(&app.context).await?;
            }
            Err(error.into())
        }
    }
}

fn created<T: ResourceView>(resource: Resource) -> ApiResult<Created<T>> {
    let location = resource.href();
    let (document, etag) = versioned(resource)?;
    Ok(Created::Resource(document, etag, location))
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

pub(super) async fn get<T: ResourceView>(
    app: &App,
    target: Target,
    if_none_match: Option<String>,
    parameters: &Parameters,
) -> ApiResult<Fetched<T>> {
    let selection = parameters.selection(&FIELDS)?;
    let Target { kind, id, owner } = target;
    let read = |context| async move { resource::get(&context, kind, id, owner).await };
    let resource = app.context.read(parameters.freshness(), read).await?;
    let etag = resource.etag();
    if if_none_match.is_some_and(|tags| names(&tags, &etag)) {
        return Ok(Fetched::NotModified(etag));
    }
    let document = Document::selected(&T::from(resource), selection.as_ref(), &["id"])?;
    Ok(Fetched::Resource(document, etag))
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
    let patched = app.context.write(patch).await?;
    audit("patch", &caller, &patched.resource, patched.generation_before);
    let (document, etag) = versioned(patched.resource)?;
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
    let deleted = app.context.write(delete).await?;
    audit("delete", &caller, &deleted.resource, deleted.generation_before);
    let (document, etag) = versioned(deleted.resource)?;
    Ok(Deleting::Resource(document, etag))
}

pub(super) async fn force_delete(
    app: &App,
    caller: Caller,
    target: Target,
    if_match: Option<String>,
    reason: String,
) -> ApiResult<ForceDeleted> {
    let Target { kind, id, owner } = target;
    let forced = app.context.write(ForceDelete { kind, id, owner, if_match: if_match_of(if_match)? }).await?;
    tracing::info!(
        target: "audit",
        action = "force-delete",
        caller = caller.0,
        resource_type = kind.as_str(),
        resource_id = %id,
        reason,
        generation_before = forced.generation,
        children = ?forced.children,
        "audit"
    );
    Ok(ForceDeleted::Gone)
}

pub(super) async fn list_statuses(
    app: &App,
    target: Target,
    parameters: &Parameters,
) -> ApiResult<Shown<List<AdapterStatus>>> {
    let (paging, selection) = read_status_list(parameters, app.max_page_size, &STATUS_FIELDS)?;
    let Target { kind, id, owner } = target;
    let read = |context| async move { status::page(&context, kind, id, owner, paging).await };
    let page = app.context.read(parameters.freshness(), read).await?;
    let items: Vec<AdapterStatus> = page.items.into_iter().map(AdapterStatus::from).collect();
    let list = List {
        kind: "AdapterStatusList",
        page: paging.0,
        size: items.len(),
        total: page.total,
        items,
        next: None,
    };
    let Some(selection) = selection else { return Ok(Shown::Document(Document::list(&list)?)) };
    Ok(Shown::Document(Document::of_list(&list, &selection, &["adapter"])?))
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
    match report.submit(&app.context).await? {
        Outcome::Stored(stored) => {
            tracing::info!(
                target: "audit",
                action = "report",
                caller = caller.0,
                resource_type = kind.as_str(),
                resource_id = %id,
                adapter = name,
                observed_generation,
                "audit"
            );
            Ok(Reported::Stored(Document::of(&AdapterStatus::from(stored))?))
        }
        Outcome::Discarded(reason) => {
            let reason = reason.as_str();
            metrics::counter!("hyperfleet_api_status_reports_discarded_total", "reason" => reason)
                .increment(1);
            Ok(Reported::Discarded(reason.to_owned()))
        }
    }
}

/// One line per change: who did what to what.
fn audit(action: &'static str, caller: &Caller, resource: &Resource, generation_before: i64) {
    tracing::info!(
        target: "audit",
        action,
        caller = caller.0,
        resource_type = resource.kind.as_str(),
        resource_id = %resource.id,
        generation_before,
        generation_after = resource.generation,
        "audit"
    );
}

/// Whether `If-None-Match` names this version. Weak and strong tags compare alike here (RFC 9110, 13.1.2).
fn names(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || strong(tag) == etag)
}

fn strong(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
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
