//! A change as stored in the log: the state after it, and the previous values of what differs.

use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::model::Resource;
use crate::status::stored_status::StoredStatus;
use chrono::{DateTime, Utc};
use entity::JsonText;
use entity::change::{ActiveModel, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use strum::{AsRefStr, EnumString};

/// The type of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsRefStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum ChangeType {
    /// The resource was created.
    Created,
    /// The desired state or the labels changed, or deletion was requested.
    Updated,
    /// A report of an adapter changed the content of the status.
    Reported,
    /// The resource was removed.
    Removed,
}

/// A change of one resource. Its documents are parsed on first use, and once for all followers.
#[derive(Debug)]
pub struct Change {
    /// The row of the change.
    pub row: Model,
    /// The kind of the resource.
    pub(crate) kind: Kind,
    /// The type of the change.
    pub r#type: ChangeType,
    after: OnceLock<Resource>,
    before: OnceLock<Option<Resource>>,
    shown: OnceLock<JsonText>,
}

/// The previous values of what a change modified. Documents that the change left as they were are omitted.
#[derive(Serialize, Deserialize)]
struct PreviousState {
    generation: i64,
    revision: i64,
    updated_time: DateTime<Utc>,
    updated_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_time: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spec: Option<JsonText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<JsonText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<StoredStatus>,
}

impl PreviousState {
    fn of(before: &Resource, after: &Resource) -> Self {
        Self {
            generation: before.generation,
            revision: before.revision,
            updated_time: before.updated_time,
            updated_by: before.updated_by.clone(),
            deleted_time: before.deleted_time,
            deleted_by: before.deleted_by.clone(),
            spec: (before.spec != after.spec).then(|| before.spec.clone()),
            labels: (before.labels != after.labels).then(|| before.labels.clone()),
            status: (before.status != after.status).then(|| before.status.clone()),
        }
    }

    /// Returns the resource as it was before it became `after`. All fields are named, so that adding a field is a
    /// compile error until it is decided whether a change can modify it.
    fn restore(self, after: &Resource) -> Resource {
        let Self { generation, revision, updated_time, updated_by, deleted_time, deleted_by, .. } = self;
        Resource {
            kind: after.kind,
            id: after.id,
            owner_id: after.owner_id,
            name: after.name.clone(),
            created_time: after.created_time,
            created_by: after.created_by.clone(),
            generation,
            revision,
            updated_time,
            updated_by,
            deleted_time,
            deleted_by,
            spec: self.spec.unwrap_or_else(|| after.spec.clone()),
            labels: self.labels.unwrap_or_else(|| after.labels.clone()),
            status: self.status.unwrap_or_else(|| after.status.clone()),
        }
    }
}

/// Returns the row of a change. Its number is drawn on insert.
pub(crate) fn row(
    before: Option<&Resource>,
    after: &Resource,
    change: ChangeType,
    by: &str,
    now: DateTime<Utc>,
) -> Result<ActiveModel> {
    let previous = before.map(|before| JsonText::of(&PreviousState::of(before, after))).transpose()?;
    Ok(ActiveModel {
        seq: NotSet,
        kind: Set(after.kind.as_str().to_owned()),
        resource_id: Set(after.id),
        owner_id: Set(after.owner_id),
        change: Set(change.as_ref().to_owned()),
        changed_time: Set(now),
        changed_by: Set(by.to_owned()),
        document: Set(JsonText::of(after)?),
        before: Set(previous),
    })
}

impl Change {
    /// Returns the change of a row; `None` if the row only occupies a number.
    pub(crate) fn of(row: Model) -> Option<Self> {
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == row.kind)?;
        let r#type = row.change.parse().ok()?;
        let (after, before, shown) = Default::default();
        Some(Self { row, kind, r#type, after, before, shown })
    }

    /// Returns the resource after the change. For a removal, its last state.
    pub fn after(&self) -> Result<&Resource> {
        once(&self.after, || Ok(self.row.document.read()?))
    }

    /// Returns the resource before the change; `None` if it did not exist.
    pub(crate) fn before(&self) -> Result<Option<&Resource>> {
        let read = || -> Result<_> {
            let Some(previous) = &self.row.before else { return Ok(None) };
            Ok(Some(previous.read::<PreviousState>()?.restore(self.after()?)))
        };
        Ok(once(&self.before, read)?.as_ref())
    }

    /// Returns the result of `show` for the resource after the change. `show` is called once for all followers.
    pub fn shown<E: From<Error>>(
        &self,
        show: impl FnOnce(&Resource) -> Result<JsonText, E>,
    ) -> Result<&JsonText, E> {
        once(&self.shown, || show(self.after()?))
    }

    /// The approximate memory use, in bytes.
    pub(crate) fn size(&self) -> usize {
        // The documents as text, and about the same size again for each value derived from them.
        size_of::<Self>()
            + 3 * self.row.document.as_str().len()
            + self.row.before.as_ref().map_or(0, |text| 2 * text.as_str().len())
    }
}

/// Returns the value of the cell, and creates it if the cell is empty.
fn once<T, E>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = make()?;
    Ok(cell.get_or_init(|| value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::TryIntoModel;

    /// A document as written by the first version that stored changes. It must stay readable, because the log outlives
    /// an upgrade.
    const DOCUMENT: &str = r#"{"kind":"NodePool","id":"0199a0a0-0000-7000-8000-000000000001",
        "owner_id":"0199a0a0-0000-7000-8000-000000000000","name":"pool","generation":2,"revision":3,
        "spec":{"a":null},"labels":{"env":"x"},"status":{"phase":"NotReady","observed_generation":0,
        "updated_time":"2026-11-26T10:00:00.000001Z","transition_time":"2026-11-26T10:00:00Z","conditions":[],
        "adapters":[],"reconciled":false,"reconciled_updated_time":"2026-11-26T10:00:00Z","reconciled_since":null},
        "created_time":"2026-11-26T10:00:00Z","updated_time":"2026-11-26T10:00:01Z","deleted_time":null,
        "created_by":"a","updated_by":"b","deleted_by":null}"#;

    fn resource() -> Resource {
        serde_json::from_str(DOCUMENT).expect("a document of the first version")
    }

    fn logged(before: Option<&Resource>, after: &Resource, r#type: ChangeType) -> Change {
        let mut row = row(before, after, r#type, "someone", after.updated_time).expect("a row");
        row.seq = Set(7);
        Change::of(row.try_into_model().expect("a whole row")).expect("a change")
    }

    #[test]
    fn the_states_before_and_after_are_kept_exactly() {
        let before = resource();
        // A merge patch could not represent a null member.
        let after = Resource {
            spec: JsonText(r#"{"a":1}"#.into()),
            labels: JsonText("{}".into()),
            generation: 3,
            revision: 4,
            updated_by: "c".into(),
            deleted_time: Some(before.updated_time),
            deleted_by: Some("c".into()),
            ..before.clone()
        };
        let change = logged(Some(&before), &after, ChangeType::Updated);
        assert_eq!(change.after().expect("a document"), &after);
        assert_eq!(change.before().expect("a document"), Some(&before));
        let created = logged(None, &after, ChangeType::Created);
        assert_eq!(created.before().expect("no document"), None);
    }

    #[test]
    fn a_number_that_is_only_taken_is_no_change() {
        let mut row =
            row(None, &resource(), ChangeType::Created, "", resource().updated_time).expect("a row");
        (row.seq, row.kind, row.change) = (Set(1), Set(String::new()), Set(String::new()));
        assert!(Change::of(row.try_into_model().expect("a whole row")).is_none());
    }
}
