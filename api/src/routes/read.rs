//! The read operations on clusters and node pools, without their paths and descriptions.

use crate::call::Call;
use crate::dto::{
    AdapterStatus, EntityTags, Explanation, ItemParameters, List, ListParameters, ReadParameters,
    ResourceView, StatusListParameters,
};
use crate::list::{ItemRequest, ListRequest, Parameters};
use crate::problem::ApiResult;
use crate::response::{Fetched, Json, Selected, Shown};
use poem_openapi::types::Type;
use serde::Serialize;
use service::change;
use service::list::Collection;
use service::model::Target;
use service::resource::{self, Page};
use uuid::Uuid;

pub(super) async fn list<T: ResourceView>(
    call: Call<'_>,
    owner: Option<Uuid>,
    parameters: &Parameters<ListParameters>,
) -> ApiResult<Shown<List<T>>> {
    let (collection, known) = (Collection::of(T::KIND), &call.app.fields.resources);
    let request = ListRequest::parse(parameters, &collection, owner, call.app.max_page_size, known)?;
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
        ItemRequest::parse(parameters, &call.app.fields.resources)?;
    let (resource, waited) = match wait_for {
        None => (resource::get(&call.app.context, parameters.consistency(), &target).await?, None),
        Some(filter) => {
            let _counted = call.begin_wait(timeout)?;
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
    let request =
        ListRequest::parse(parameters, &collection, Some(target.id), call.app.max_page_size, known)?;
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
