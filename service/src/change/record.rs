//! A change as the log keeps it: the state after it, and what was different before.

use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::model::Resource;
use crate::status::summary::StoredStatus;
use chrono::{DateTime, Utc};
use entity::JsonText;
use entity::change::{ActiveModel, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use strum::{AsRefStr, EnumString};

/// What happened to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsRefStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum ChangeType {
    /// It was created.
    Created,
    /// Its desired state changed, or its deletion was requested.
    Updated,
    /// An adapter reported something new.
    Reported,
    /// It was removed.
    Removed,
}

/// A change of one resource. Its documents are read once, however many follow it, and only if they are asked for.
#[derive(Debug)]
pub struct Change {
    /// Its row.
    pub row: Model,
    /// The kind of the resource.
    pub(crate) kind: Kind,
    /// What happened.
    pub r#type: ChangeType,
    after: OnceLock<Resource>,
    before: OnceLock<Option<Resource>>,
    shown: OnceLock<JsonText>,
}

/// What was different before a change. Documents that it left as they were are not repeated.
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

    /// The resource as it was before it became `after`. Every field is named, so that a new one does not compile until it
    /// is decided whether a change can make it another.
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

/// The row of a change. Its number is drawn when it is written.
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
    /// The change of a row; `None` if the row only takes a number.
    pub(crate) fn of(row: Model) -> Option<Self> {
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == row.kind)?;
        let r#type = row.change.parse().ok()?;
        let (after, before, shown) = Default::default();
        Some(Self { row, kind, r#type, after, before, shown })
    }

    /// The resource after the change; of a removal, as it last was.
    pub fn after(&self) -> Result<&Resource> {
        once(&self.after, || Ok(self.row.document.read()?))
    }

    /// The resource before the change; `None` if there was none.
    pub(crate) fn before(&self) -> Result<Option<&Resource>> {
        let read = || -> Result<_> {
            let Some(previous) = &self.row.before else { return Ok(None) };
            Ok(Some(previous.read::<PreviousState>()?.restore(self.after()?)))
        };
        Ok(once(&self.before, read)?.as_ref())
    }

    /// What `show` makes of the resource after the change. It is called once for all who follow.
    pub fn shown<E: From<Error>>(
        &self,
        show: impl FnOnce(&Resource) -> Result<JsonText, E>,
    ) -> Result<&JsonText, E> {
        once(&self.shown, || show(self.after()?))
    }

    /// Roughly the bytes it takes in memory.
    pub(crate) fn size(&self) -> usize {
        // The documents as text, and about as much again for what is made of each.
        size_of::<Self>()
            + 3 * self.row.document.as_str().len()
            + self.row.before.as_ref().map_or(0, |text| 2 * text.as_str().len())
    }
}

/// The value, made if it was not there.
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

    /// A document as the first version that kept changes wrote it. It must stay readable: a log outlives an upgrade.
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
        // A merge patch could not say that a member was null.
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
