//! The JSON form of an event.

use crate::dto::{AnyResource, Cause, ChangeEvent, ChangeEventType, Time};
use crate::fields::Selection;
use crate::problem::{ApiError, ApiResult};
use entity::JsonText;
use service::change::{Event, EventType, State};
use service::model::Resource;

/// Converts an event, with only the selected fields of its resource.
pub(super) fn shown(event: &Event, selection: Option<&Selection>) -> ApiResult<ChangeEvent> {
    let (resource, change) = match &event.state {
        State::Snapshot(resource) => (resource.as_ref(), None),
        State::Changed(change) => (change.after()?, Some(change)),
    };
    let object = match (selection, change) {
        (Some(selection), _) => {
            let tree =
                serde_json::to_value(AnyResource::from(resource.clone())).map_err(serialization_error)?;
            JsonText::of(&selection.of_value(tree)).map_err(serialization_error)?
        }
        (None, Some(change)) => change.shown(serialize)?.clone(),
        (None, None) => serialize(resource)?,
    };
    let (r#type, cause) = match event.r#type {
        EventType::Added => (ChangeEventType::Added, None),
        EventType::Modified => (ChangeEventType::Modified, None),
        EventType::Unmatched => (ChangeEventType::Deleted, Some(Cause::Unmatched)),
        EventType::Removed => (ChangeEventType::Deleted, Some(Cause::Deleted)),
    };
    Ok(ChangeEvent {
        r#type,
        position: event.position.to_string(),
        object: object.into(),
        etag: resource.etag(),
        change: change.map(|change| change.r#type.as_ref().to_owned().into()),
        changed_by: change.map(|change| change.row.changed_by.clone()),
        changed_time: change.map(|change| Time(change.row.changed_time)),
        cause,
    })
}

/// Serializes a complete resource. Followers share the result.
fn serialize(resource: &Resource) -> ApiResult<JsonText> {
    JsonText::of(&AnyResource::from(resource.clone())).map_err(serialization_error)
}

/// Converts a serialization error to an internal error, because stored values can always be serialized.
pub(super) fn serialization_error(error: serde_json::Error) -> ApiError {
    ApiError::internal(error.to_string())
}
