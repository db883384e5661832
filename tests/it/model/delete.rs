//! DELETE, force-delete, and the removal of resources whose deletion is complete.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::aggregate::Moment;
use super::answer::{Expected, STATE_FORBIDS, VALIDATION};
use super::body::reason_is_valid;
use super::state::{Model, Resource};

impl Model {
    /// DELETE: marks the resource and its remaining node pools. Immediately removes those that wait for no adapter.
    pub(crate) fn delete(&mut self, now: DateTime<Utc>, id: Uuid) -> Expected {
        let Some(row) = self.row(id) else {
            return Expected::not_found();
        };
        if row.is_finalizing() {
            return Expected::found(202, row.to_json());
        }
        self.mark(now, id);
        let mut vanished = Vec::new();
        for child in self.children(id) {
            if self.row(child).is_some_and(|row| row.is_finalizing()) {
                continue;
            }
            self.mark(now, child);
            if self.is_finished(child) {
                self.take(child);
                vanished.push(child);
            } else {
                self.recompute(child, Moment::Written);
            }
        }
        self.recompute(id, Moment::Written);
        let body = self.row(id).map(Resource::to_json).unwrap_or_default();
        if self.is_finished(id) {
            self.take(id);
            vanished.push(id);
        }
        Expected::found(202, body).removing(vanished)
    }

    /// Removes a finalizing resource with everything below it, without waiting for reports.
    pub(crate) fn force_delete(&mut self, id: Uuid, reason: &str) -> Expected {
        let Some(row) = self.row(id) else {
            return Expected::not_found();
        };
        if !reason_is_valid(reason) {
            return Expected::refused(400, VALIDATION);
        }
        match row {
            row if !row.is_finalizing() => return Expected::refused(409, STATE_FORBIDS),
            _ => {}
        }
        let mut vanished = self.children(id);
        for child in &vanished {
            self.take(*child);
        }
        vanished.extend(self.remove(id));
        Expected::done().removing(vanished)
    }

    /// Returns whether a deletion is complete: no children, and each counted adapter finalized at the current
    /// generation.
    pub(crate) fn is_finished(&self, id: Uuid) -> bool {
        self.row(id).is_some_and(|row| {
            let is_final = |adapter: &String| {
                let report = row.reports.get(adapter);
                report.is_some_and(|r| r.observed_generation == row.generation && r.is_finalized())
            };
            row.is_finalizing() && self.children(id).is_empty() && self.counted(row).iter().all(is_final)
        })
    }

    /// Removes a resource, and its finalizing parent if that waited for nothing else. A parent that remains is
    /// unchanged: a status is only recomputed when its own resource is written or reported on. Returns the removed
    /// resources.
    pub(crate) fn remove(&mut self, id: Uuid) -> Vec<Uuid> {
        let parent = self.row(id).and_then(|row| row.parent);
        self.take(id);
        let mut vanished = vec![id];
        if let Some(parent) = parent.filter(|parent| self.is_finished(*parent)) {
            self.take(parent);
            vanished.push(parent);
        }
        vanished
    }

    fn take(&mut self, id: Uuid) {
        if let Some(index) = self.rows.iter().position(|row| row.id == id) {
            self.gone.push(self.rows.remove(index));
        }
    }

    fn mark(&mut self, now: DateTime<Utc>, id: Uuid) {
        if let Some(row) = self.row_mut(id) {
            row.deleted_time = Some(now);
            row.updated_time = now;
            row.generation += 1;
        }
    }
}
