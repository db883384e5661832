//! The state of the model: the resources that exist, and queries on them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::aggregate::{Aggregate, Facts, Moment};
use super::answer::Expected;
use super::render::nested_path;
use super::report::StoredReport;

/// The configuration of the service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// The adapters that count for clusters, in order. If empty, every adapter that has reported counts.
    pub(crate) required_cluster: Vec<String>,
    /// The adapters that count for node pools, likewise.
    pub(crate) required_nodepool: Vec<String>,
    /// The condition types that every report must contain.
    pub(crate) mandatory_conditions: Vec<String>,
}

/// The two kinds of resources.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Cluster,
    NodePool,
}

/// A resource with everything that belongs to it.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    /// The cluster of a node pool.
    pub(crate) parent: Option<Uuid>,
    pub(crate) name: String,
    pub(crate) spec: Value,
    pub(crate) labels: Value,
    pub(crate) generation: i64,
    pub(crate) created_time: DateTime<Utc>,
    /// Set on create, on a PATCH that changes something and on the first DELETE. Reports do not change it.
    pub(crate) updated_time: DateTime<Utc>,
    /// Set while the resource is finalizing.
    pub(crate) deleted_time: Option<DateTime<Utc>>,
    /// The stored reports, by adapter.
    pub(crate) reports: BTreeMap<String, StoredReport>,
    pub(crate) aggregate: Aggregate,
}

/// The complete expected state of the service.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) settings: Settings,
    /// The existing resources, in order of creation.
    pub(crate) rows: Vec<Resource>,
    /// The removed resources, in order of removal.
    pub(crate) gone: Vec<Resource>,
}

impl Settings {
    /// Returns the adapters configured for a kind.
    pub(crate) fn required(&self, kind: Kind) -> &[String] {
        match kind {
            Kind::Cluster => &self.required_cluster,
            Kind::NodePool => &self.required_nodepool,
        }
    }
}

impl Kind {
    /// Returns the name as it appears in representations.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cluster => "Cluster",
            Self::NodePool => "NodePool",
        }
    }

    /// Returns the allowed lengths of a name in bytes.
    pub(crate) fn name_lengths(self) -> RangeInclusive<usize> {
        match self {
            Self::Cluster => 3..=53,
            Self::NodePool => 3..=15,
        }
    }
}

impl Resource {
    /// Returns whether the resource is finalizing: from the first DELETE until it is removed.
    pub(crate) fn is_finalizing(&self) -> bool {
        self.deleted_time.is_some()
    }
}

impl Model {
    /// Returns a model without resources.
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, rows: Vec::new(), gone: Vec::new() }
    }

    /// GET of one resource: 200 with the complete body, or 404.
    pub(crate) fn get(&self, id: Uuid) -> Expected {
        self.row(id).map_or_else(Expected::not_found, |row| Expected::found(200, row.to_json()))
    }

    /// Returns the ids of all existing resources, including those that are finalizing, oldest first.
    pub(crate) fn ids(&self) -> Vec<Uuid> {
        self.rows.iter().map(|row| row.id).collect()
    }

    /// Returns the deterministic part of each stored report of a resource, by adapter name.
    pub(crate) fn reports(&self, id: Uuid) -> Vec<Value> {
        let reports = self.row(id).into_iter().flat_map(|row| row.reports.values());
        reports.map(StoredReport::to_json).collect()
    }

    /// Returns the path of an existing or removed resource, relative to the base path.
    pub(crate) fn path(&self, id: Uuid) -> String {
        let row = self.rows.iter().chain(&self.gone).find(|row| row.id == id);
        nested_path(id, row.and_then(|row| row.parent))
    }

    pub(crate) fn row(&self, id: Uuid) -> Option<&Resource> {
        self.rows.iter().find(|row| row.id == id)
    }

    pub(crate) fn row_mut(&mut self, id: Uuid) -> Option<&mut Resource> {
        self.rows.iter_mut().find(|row| row.id == id)
    }

    /// Returns the ids of a cluster's existing node pools, whatever their state.
    pub(crate) fn children(&self, id: Uuid) -> Vec<Uuid> {
        self.rows.iter().filter(|row| row.parent == Some(id)).map(|row| row.id).collect()
    }

    /// Returns the adapters that count for this resource: those configured, else all with a stored report, by name.
    pub(crate) fn counted(&self, row: &Resource) -> Vec<String> {
        let required = self.settings.required(row.kind);
        if required.is_empty() { row.reports.keys().cloned().collect() } else { required.to_vec() }
    }

    /// Recomputes the aggregate of a resource.
    pub(crate) fn recompute(&mut self, id: Uuid, moment: Moment) {
        let Some(row) = self.row(id) else { return };
        let facts = Facts {
            generation: row.generation,
            ref_time: row.updated_time,
            deleting: row.is_finalizing(),
            has_children: !self.children(id).is_empty(),
            counted: &self.counted(row),
            reports: &row.reports,
        };
        let aggregate = facts.aggregate(Some(&row.aggregate), moment);
        if let Some(row) = self.row_mut(id) {
            row.aggregate = aggregate;
        }
    }
}
