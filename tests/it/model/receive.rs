//! POST and PUT of a report.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::aggregate::Moment;
use super::answer::{Expected, VALIDATION};
use super::classify::{Verdict, classify};
use super::report::Report;
use super::state::Model;

impl Model {
    /// Applies a report about the resource `id`. A stored report may complete a deletion; the status is 201 in that
    /// case too.
    pub(crate) fn report(&mut self, now: DateTime<Utc>, id: Uuid, report: &Report) -> Expected {
        if self.row(id).is_none() {
            return Expected::not_found();
        }
        if !report.is_valid(now) {
            return Expected::refused(400, VALIDATION);
        }
        let mandatory = self.settings.mandatory_conditions.clone();
        let Some(row) = self.row_mut(id) else {
            return Expected::not_found();
        };
        let earlier = row.reports.get(&report.adapter);
        // A time set by the server is never before the adapter's last report.
        let server_time = earlier.map_or(now, |earlier| earlier.last_report_time.max(now));
        let observed = report.observed_at(server_time);
        let verdict = classify(row.generation, earlier, report, observed, &mandatory);
        match verdict {
            Verdict::Discard(reason) => return Expected::discarded(reason),
            Verdict::Incomplete => return Expected::refused(400, VALIDATION),
            Verdict::Store | Verdict::StoreAndAggregate => {}
        }
        let stored = report.store(earlier, observed);
        let answer = Expected::found(201, stored.to_json());
        row.reports.insert(report.adapter.clone(), stored);
        let moment = Moment::Observed(observed);
        if self.is_finished(id) {
            return answer.removing(self.remove(id));
        }
        if verdict == Verdict::StoreAndAggregate {
            self.recompute(id, moment);
        }
        answer
    }
}
