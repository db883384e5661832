//! The collections that can be listed, and their fields.

use crate::field::{self, Column, Field, Type};
use crate::kind::Kind;

/// A collection of items that can be listed: clusters, node pools, or the adapters' reports about one resource.
#[derive(Clone, Copy, Debug)]
pub struct Collection {
    /// The kind of an item.
    pub(crate) item: &'static str,
    /// The kind of a list of items.
    pub(crate) list: &'static str,
    /// The table that stores the items.
    pub(crate) table: &'static str,
    /// Whether an item belongs to a resource, whose id is in the column `owner_id`.
    pub(crate) nested: bool,
    /// Whether items have `labels` and `spec`, and columns that hold the condition `Reconciled`.
    pub(crate) resources: bool,
    /// The fields with a fixed name.
    pub(crate) fields: &'static [Field],
    /// The prefix of the condition type in the name of a field.
    pub(crate) conditions: &'static str,
    /// The members of a condition, besides its status, that can be searched.
    pub(crate) members: &'static [(&'static str, Type)],
    /// The column that is unique for each item of a list. Every order ends with it.
    pub(crate) key: Column,
    /// Whether the key has the direction of the preceding field, as in the indexes; otherwise it is ascending.
    pub(crate) key_follows: bool,
}

/// The searchable members of a condition of a resource.
const RESOURCE_MEMBERS: [(&str, Type); 4] = [
    ("last_updated_time", Type::Time),
    ("last_transition_time", Type::Time),
    ("observed_generation", Type::Integer),
    ("reason", Type::Text),
];

/// The searchable members of a condition of a report.
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

    /// Returns the collection of resources of a kind.
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

    /// Returns the kind of a list of items.
    pub fn list(&self) -> &'static str {
        self.list
    }

    /// Returns the field with this name.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Returns the names of the fields with a fixed name, which are the fields that items can be ordered by.
    pub fn names(&self) -> Vec<&'static str> {
        self.fields.iter().map(|field| field.name).collect()
    }
}
