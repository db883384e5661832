//! What can be listed, and what may be asked of it.

use crate::field::{self, Column, Field, Type};
use crate::kind::Kind;

/// Items that can be listed: clusters, node pools, or the adapters' reports about one resource.
#[derive(Clone, Copy, Debug)]
pub struct Collection {
    /// The kind of an item.
    pub(crate) item: &'static str,
    /// The kind of a list of them.
    pub(crate) list: &'static str,
    /// The table they are kept in.
    pub(crate) table: &'static str,
    /// Whether an item belongs to a resource whose id is in the column `owner_id`.
    pub(crate) nested: bool,
    /// Whether items have `labels` and `spec`, and columns that hold the condition `Reconciled`.
    pub(crate) resources: bool,
    /// The fields that have a fixed name.
    pub(crate) fields: &'static [Field],
    /// What stands before the type of a condition in the name of a field.
    pub(crate) conditions: &'static str,
    /// The members of a condition, next to its status, that may be searched.
    pub(crate) members: &'static [(&'static str, Type)],
    /// Tells any two items of a list apart: every order ends in it.
    pub(crate) key: Column,
    /// Whether the key runs in the direction of the field before it, as the indexes do; otherwise it ascends.
    pub(crate) key_follows: bool,
}

/// The members of a condition of a resource.
const RESOURCE_MEMBERS: [(&str, Type); 4] = [
    ("last_updated_time", Type::Time),
    ("last_transition_time", Type::Time),
    ("observed_generation", Type::Integer),
    ("reason", Type::Text),
];

/// The members of a condition of a report.
const REPORT_MEMBERS: [(&str, Type); 4] = [
    ("updated_at", Type::Time),
    ("last_transition_time", Type::Time),
    ("observed_generation", Type::Integer),
    ("reason", Type::Text),
];

impl Collection {
    /// The reports about one resource.
    pub const REPORTS: Self = Self {
        item: "AdapterStatus",
        list: "AdapterStatusList",
        table: "adapter_statuses",
        nested: true,
        resources: false,
        fields: &field::REPORTS,
        conditions: "conditions.",
        members: &REPORT_MEMBERS,
        key: field::ADAPTER,
        key_follows: false,
    };

    /// The resources of a kind.
    pub const fn of(kind: Kind) -> Self {
        Self {
            item: kind.as_str(),
            list: kind.description().list,
            table: kind.description().table,
            nested: kind.parent().is_some(),
            resources: true,
            fields: &field::RESOURCES,
            conditions: "status.conditions.",
            members: &RESOURCE_MEMBERS,
            key: field::ID,
            key_follows: true,
        }
    }

    /// The kind of a list of them.
    pub fn list(&self) -> &'static str {
        self.list
    }

    /// The field with this name.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The names of the fields that have a fixed name: those by which items can be ordered.
    pub fn names(&self) -> Vec<&'static str> {
        self.fields.iter().map(|field| field.name).collect()
    }
}
