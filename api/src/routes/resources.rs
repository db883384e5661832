//! What the reading operations on clusters and node pools have in common: all but their addresses and texts.

use crate::app::App;
use crate::dto::{AdapterStatus, Id, List, ResourceView};
use crate::fields::Selection;
use crate::list::{ListRequest, Parameters, read_status_list};
use crate::problem::ApiResult;
use crate::response::{Document, Fetched, Shown};
use service::{Kind, resource, status};
use std::sync::LazyLock;
use uuid::Uuid;

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
    pub(super) kind: Kind,
    pub(super) id: Uuid,
    pub(super) owner: Option<Uuid>,
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

/// Whether `If-None-Match` names this version. Weak and strong tags compare alike here (RFC 9110, 13.1.2).
fn names(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || strong(tag) == etag)
}

pub(super) fn strong(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}
