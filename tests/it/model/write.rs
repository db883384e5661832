//! Create and PATCH.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::aggregate::{Facts, Moment};
use super::answer::{Expected, STATE_FORBIDS};
use super::body::{self, Draft};
use super::json::json_equal;
use super::state::{Kind, Model, Resource};

impl Model {
    /// POST of a cluster. `id` is the id that the service chose. It is ignored if the service chose none.
    pub(crate) fn create_cluster(&mut self, now: DateTime<Utc>, id: Uuid, body: &Value) -> Expected {
        match body::draft(Kind::Cluster, body) {
            Ok(draft) => self.insert(now, id, Kind::Cluster, None, draft),
            Err(refusal) => refusal,
        }
    }

    /// POST of a node pool under the cluster `parent`. For `id` see [`Model::create_cluster`].
    pub(crate) fn create_node_pool(
        &mut self,
        now: DateTime<Utc>,
        parent: Uuid,
        id: Uuid,
        body: &Value,
    ) -> Expected {
        if !self.row(parent).is_some_and(|row| row.kind == Kind::Cluster) {
            return Expected::not_found();
        }
        let draft = match body::draft(Kind::NodePool, body) {
            Ok(draft) => draft,
            Err(refusal) => return refusal,
        };
        match self.row(parent).filter(|row| row.kind == Kind::Cluster) {
            None => Expected::not_found(),
            Some(cluster) if cluster.is_finalizing() => Expected::refused(409, STATE_FORBIDS),
            Some(_) => self.insert(now, id, Kind::NodePool, Some(parent), draft),
        }
    }

    /// PATCH: replaces the sections that are given. Only an actual change raises the generation.
    pub(crate) fn patch(&mut self, now: DateTime<Utc>, id: Uuid, body: &Value) -> Expected {
        if self.row(id).is_none() {
            return Expected::not_found();
        }
        let change = match body::change(body) {
            Ok(change) => change,
            Err(refusal) => return refusal,
        };
        let Some(row) = self.row_mut(id) else {
            return Expected::not_found();
        };
        if row.is_finalizing() {
            return Expected::refused(409, STATE_FORBIDS);
        }
        let spec = change.spec.filter(|spec| !json_equal(spec, &row.spec));
        let labels = change.labels.filter(|labels| !json_equal(labels, &row.labels));
        if spec.is_some() || labels.is_some() {
            row.spec = spec.unwrap_or_else(|| row.spec.clone());
            row.labels = labels.unwrap_or_else(|| row.labels.clone());
            row.generation += 1;
            row.updated_time = now;
            self.recompute(id, Moment::Written);
        }
        self.get(id)
    }

    fn insert(
        &mut self,
        now: DateTime<Utc>,
        id: Uuid,
        kind: Kind,
        parent: Option<Uuid>,
        draft: Draft,
    ) -> Expected {
        let holds_name =
            |row: &&Resource| row.parent == parent && row.name == draft.name && !row.is_finalizing();
        if let Some(holder) = self.rows.iter().find(holds_name) {
            return Expected::name_taken(holder.id);
        }
        let row = new_row(now, id, kind, parent, draft, self.settings.required(kind));
        let answer = Expected::found(201, row.to_json());
        self.rows.push(row);
        answer
    }
}

fn new_row(
    now: DateTime<Utc>,
    id: Uuid,
    kind: Kind,
    parent: Option<Uuid>,
    draft: Draft,
    counted: &[String],
) -> Resource {
    let reports = BTreeMap::new();
    let facts = Facts {
        generation: 1,
        ref_time: now,
        deleting: false,
        has_children: false,
        counted,
        reports: &reports,
    };
    let aggregate = facts.aggregate(None, Moment::Written);
    Resource {
        id,
        kind,
        parent,
        name: draft.name,
        spec: draft.spec,
        labels: draft.labels,
        generation: 1,
        created_time: now,
        updated_time: now,
        deleted_time: None,
        reports,
        aggregate,
    }
}
