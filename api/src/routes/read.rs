//! The read operations on clusters and node pools, without their paths and descriptions.

use crate::call::Call;
use crate::dto::{
    AdapterStatus, EntityTags, Explanation, Id, ItemParameters, List, ListParameters, ReadParameters,
    ResourceView, StatusListParameters,
};
use crate::list::{ItemRequest, ListRequest, Parameters};
use crate::problem::ApiResult;
use crate::response::{Fetched, Json, Selected, Shown};
use poem_openapi::types::Type;
use serde::Serialize;
use service::change;
use service::kind::Kind;
use service::list::Collection;
use service::model::Target;
use service::resource::{self, Page};
use uuid::Uuid;

/// Returns the cluster that a path identifies.
pub(super) fn cluster(id: &Id) -> ApiResult<Target> {
    Ok(Target { kind: Kind::Cluster, id: parse(Kind::Cluster, id)?, owner: None })
}

/// Returns the node pool that a path identifies, in any cluster.
pub(super) fn node_pool(id: &Id) -> ApiResult<Target> {
    Ok(Target { kind: Kind::NodePool, id: parse(Kind::NodePool, id)?, owner: None })
}

/// Returns the node pool that a path identifies, in this cluster.
pub(super) fn node_pool_of(cluster: &Id, id: &Id) -> ApiResult<Target> {
    let owner = Some(parse(Kind::Cluster, cluster)?);
    Ok(Target { owner, ..node_pool(id)? })
}

/// Parses an id. An id that is not a UUID is reported as not found.
pub(super) fn parse(kind: Kind, id: &Id) -> ApiResult<Uuid> {
    let not_found = || {
        let id: String = id.as_str().chars().take(80).collect();
        service::Error::NotFound { kind: kind.as_str(), id }
    };
    Ok(id.uuid().ok_or_else(not_found)?)
}

pub(super) async fn list<T: ResourceView>(
    call: Call<'_>,
    owner: Option<Uuid>,
    parameters: &Parameters<ListParameters>,
) -> ApiResult<Shown<List<T>>> {
    let (collection, known) = (Collection::of(T::KIND), &call.app.fields.resources);
    let request = ListRequest::read(parameters, &collection, owner, call.app.max_page_size, known)?;
    let listed = (T::KIND, owner);
    let page = resource::list(&call.app.context, parameters.consistency(), listed, &request.query).await?;
    show(&collection, request, page)
}

pub(super) async fn get<T: ResourceView>(
    call: Call<'_>,
    target: Target,
    if_none_match: Option<String>,
    parameters: &Parameters<ItemParameters>,
) -> ApiResult<Fetched<T>> {
    let ItemRequest { selection, wait_for, timeout } =
        ItemRequest::read(parameters, &call.app.fields.resources)?;
    let (resource, waited) = match wait_for {
        None => (resource::get(&call.app.context, parameters.consistency(), &target).await?, None),
        Some(filter) => {
            let _counted = call.wait(timeout)?;
            let (resource, matched) = change::wait_for(&call.app.context, &target, &filter, timeout).await?;
            (resource, Some(if matched { "matched" } else { "timeout" }.to_owned()))
        }
    };
    let etag = resource.etag();
    if if_none_match
        .and_then(|tags| EntityTags::parse(&tags))
        .is_some_and(|tags| tags.matches(resource.revision))
    {
        return Ok(Fetched::NotModified(etag, waited));
    }
    let document = Json::selected(&T::from(resource), selection.as_ref())?;
    Ok(Fetched::Resource(document, etag, waited))
}

pub(super) async fn explain(
    call: Call<'_>,
    target: Target,
    parameters: &Parameters<ReadParameters>,
) -> ApiResult<Shown<Explanation>> {
    let explanation = resource::explain(&call.app.context, parameters.consistency(), &target).await?;
    Ok(Shown::Json(Json::of(&explanation.into())?))
}

pub(super) async fn list_statuses(
    call: Call<'_>,
    target: Target,
    parameters: &Parameters<StatusListParameters>,
) -> ApiResult<Shown<List<AdapterStatus>>> {
    let (collection, known) = (Collection::REPORTS, &call.app.fields.reports);
    let request = ListRequest::read(parameters, &collection, Some(target.id), call.app.max_page_size, known)?;
    let page =
        resource::reports(&call.app.context, parameters.consistency(), &target, &request.query).await?;
    show(&collection, request, page)
}

/// Builds the response with a page.
fn show<T: From<I> + Serialize + Type + 'static, I>(
    collection: &Collection,
    request: ListRequest,
    page: Page<I>,
) -> ApiResult<Shown<List<T>>> {
    let Page { items, total, next, position, bytes, share } = page;
    let selection = request.selection.as_ref();
    let items: Vec<_> = items.into_iter().map(|item| Selected { item: T::from(item), selection }).collect();
    let (kind, page, size) = (collection.list(), request.page, items.len());
    let list = List { kind, page, size, total, items: items.into(), next, position };
    // The size of selected fields is unknown and may be far smaller than that of the complete items.
    let length = if selection.is_none() { bytes } else { 0 };
    Ok(Shown::Json(Json::list(&list, length, share)?))
}
