//! Aggregates reports into one status, as a pure function of values. It does not read the clock: every time in the
//! result comes from its input.

use super::condition::{Condition, ConditionStatus, Phase};
use super::report_state::ReportState;
use chrono::{DateTime, Utc};

/// The type of the condition that every resource has.
pub(crate) const RECONCILED: &str = "Reconciled";
const LAST_KNOWN: &str = "LastKnownReconciled";

/// The status aggregated from all reports about a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// The state as one word.
    pub phase: Phase,
    /// The lowest generation over the required adapters' reports; 0 before the first report.
    pub observed_generation: i64,
    /// The oldest of the required adapters' last reports; without any, the reference time of the resource.
    pub updated_time: DateTime<Utc>,
    /// When the phase last changed.
    pub transition_time: DateTime<Utc>,
    /// `Reconciled`, `LastKnownReconciled`, then one condition for each required adapter with a usable report.
    pub conditions: Vec<Condition>,
}

impl Aggregate {
    /// Returns the condition `Reconciled`.
    pub fn reconciled(&self) -> Option<&Condition> {
        self.condition(RECONCILED)
    }

    fn condition(&self, name: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.r#type == name)
    }
}

/// The resource whose reports are aggregated.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The current generation.
    pub generation: i64,
    /// When the resource was created.
    pub created_time: DateTime<Utc>,
    /// When its desired state last changed.
    pub reference_time: DateTime<Utc>,
    /// Whether the resource is marked for deletion.
    pub finalizing: bool,
    /// Whether the resource has node pools.
    pub has_children: bool,
    /// The required adapters. If empty, all adapters that have reported are required.
    pub required: &'a [String],
    /// The previous aggregate of the resource.
    pub previous: Option<&'a Aggregate>,
}

/// The reason for a new aggregate.
#[derive(Clone, Copy, Debug)]
pub enum Trigger {
    /// The resource itself changed.
    Change,
    /// A report observed at this time was stored.
    Report(DateTime<Utc>),
}

/// A usable report of a required adapter: not of a later generation, and with a known availability.
struct UsableReport<'a> {
    report: &'a ReportState,
    available: bool,
}

/// Aggregates `reports`, which are ordered by adapter.
pub fn aggregate(subject: &Subject<'_>, reports: &[ReportState], trigger: Trigger) -> Aggregate {
    let required = Required::of(subject, reports);
    let phase = required.phase();
    let mut conditions = vec![required.reconciled(), required.last_known()];
    conditions.extend(required.usable.iter().map(|usable_report| required.successful(usable_report)));
    Aggregate {
        phase,
        observed_generation: required.reports.iter().map(|r| r.observed_generation).min().unwrap_or(0),
        updated_time: oldest(required.reports.iter().copied()).unwrap_or(subject.reference_time),
        transition_time: required.transition_time(phase, trigger),
        conditions,
    }
}

/// Returns the names of the required adapters: the configured ones, or if none are configured, all that have
/// reported.
pub(super) fn required_names<'a>(required: &'a [String], reports: &'a [ReportState]) -> Vec<&'a str> {
    match required {
        [] => reports.iter().map(|report| report.adapter.as_str()).collect(),
        required => required.iter().map(String::as_str).collect(),
    }
}

/// The required adapters and their reports.
struct Required<'a> {
    subject: &'a Subject<'a>,
    names: Vec<&'a str>,
    /// Their stored reports, in the order of the names.
    reports: Vec<&'a ReportState>,
    /// The usable reports among them.
    usable: Vec<UsableReport<'a>>,
}

impl<'a> Required<'a> {
    fn of(subject: &'a Subject<'a>, reports: &'a [ReportState]) -> Self {
        let names = required_names(subject.required, reports);
        let reports: Vec<_> =
            names.iter().filter_map(|name| reports.iter().find(|report| report.adapter == *name)).collect();
        let usable = reports
            .iter()
            .filter(|report| report.observed_generation <= subject.generation)
            .filter_map(|report| match report.availability() {
                ConditionStatus::Unknown => None,
                status => Some(UsableReport { report, available: status == ConditionStatus::True }),
            })
            .collect();
        Self { subject, names, reports, usable }
    }

    fn usable_report(&self, name: &str) -> Option<&UsableReport<'a>> {
        self.usable.iter().find(|usable_report| usable_report.report.adapter == name)
    }

    fn phase(&self) -> Phase {
        let current = |report: &&&ReportState| report.observed_generation == self.subject.generation;
        let ready =
            |name: &&str| self.usable_report(name).is_some_and(|s| s.available && current(&&s.report));
        if !self.names.is_empty() && self.names.iter().all(ready) {
            Phase::Ready
        } else if self.reports.iter().filter(current).any(|report| report.failed()) {
            Phase::Failed
        } else {
            Phase::NotReady
        }
    }

    fn transition_time(&self, phase: Phase, trigger: Trigger) -> DateTime<Utc> {
        match (self.subject.previous, trigger) {
            (None, _) => self.subject.created_time,
            (Some(previous), _) if previous.phase == phase => previous.transition_time,
            (Some(_), Trigger::Change) => self.subject.reference_time,
            (Some(previous), Trigger::Report(observed)) => observed.max(previous.transition_time),
        }
    }

    /// Returns the condition `Reconciled`: whether all required adapters have completed the current generation.
    /// During a deletion, it is also False while child resources exist.
    fn reconciled(&self) -> Condition {
        let subject = self.subject;
        let met = |name: &&&str| {
            self.usable_report(name).is_some_and(|s| {
                s.report.observed_generation == subject.generation
                    && if subject.finalizing { s.report.finalized() } else { s.available }
            })
        };
        let missing: Vec<&str> = self.names.iter().filter(|name| !met(name)).copied().collect();
        let all_met = !self.names.is_empty() && missing.is_empty();
        let blocked = subject.finalizing && subject.has_children;
        let (reason, message) = match (all_met, blocked) {
            (true, false) => (
                "ReconciledAll",
                "All required adapters reported Available=True or Finalized=True at the current generation".to_owned(),
            ),
            (true, true) => (
                "ReconciledWaitingForChildren",
                "Deletion in progress. All required adapters reported Finalized=True but child resources still exist"
                    .to_owned(),
            ),
            (false, _) => ("ReconciledMissingAdapters", self.missing_message(missing)),
        };
        let current = self.usable.iter().map(|s| s.report);
        let current = current.filter(|report| report.observed_generation == subject.generation);
        let updated = oldest(current).unwrap_or(subject.reference_time);
        // A resource that was reconciled at an earlier generation has been unreconciled since that generation ended.
        let ended = self.previous(RECONCILED).is_some_and(|previous| {
            previous.status == ConditionStatus::True && subject.generation > previous.observed_generation
        });
        let changed = if ended { subject.reference_time } else { updated };
        let says = (Some(reason.into()), Some(message));
        self.condition(RECONCILED, all_met && !blocked, says, subject.generation, updated, changed)
    }

    fn missing_message(&self, mut missing: Vec<&str>) -> String {
        let mut reporting: Vec<&str> = self.usable.iter().map(|s| s.report.adapter.as_str()).collect();
        missing.sort_unstable();
        reporting.sort_unstable();
        let wanted = if self.subject.finalizing { "Finalized" } else { "Available" };
        format!(
            "Required adapters not reporting {wanted}=True: [{}]. Currently reporting: [{}]",
            missing.join(", "),
            reporting.join(", ")
        )
    }

    /// Returns the condition `LastKnownReconciled`: whether the resource was available in the last state that all
    /// required adapters agreed on. It stays True while the adapters process the next generation one after the
    /// other.
    fn last_known(&self) -> Condition {
        let (holds, generation, updated) = self.last_known_state(self.previous(LAST_KNOWN));
        let complete = !self.names.is_empty() && self.usable.len() == self.names.len();
        let (reason, message) = if holds {
            (
                "AllAdaptersReconciled",
                "All required adapters report Available=True for the tracked generation",
            )
        } else if !complete {
            ("AdaptersMissingReports", "Required adapters have not yet reported status")
        } else if self.usable.iter().any(|usable_report| !usable_report.available) {
            ("AdapterReportedNotAvailable", "One or more required adapters report Available=False")
        } else {
            ("AdaptersNotAtSameGeneration", "Required adapters do not report a consistent Available state")
        };
        let says = (Some(reason.into()), Some(message.into()));
        self.condition(LAST_KNOWN, holds, says, generation, updated, updated)
    }

    /// Returns status, generation and `last_updated_time` of [`Self::last_known`].
    fn last_known_state(&self, previous: Option<&Condition>) -> (bool, i64, DateTime<Utc>) {
        let reference = self.subject.reference_time;
        let unchanged = previous.map_or(reference, |previous| previous.last_updated_time);
        if self.names.is_empty() {
            return (false, 1, reference);
        }
        let newest = self.usable.iter().map(|s| s.report.observed_generation).max();
        let generation = newest.or(previous.map(|p| p.observed_generation)).unwrap_or(1);
        let not_available_at = |generation: i64| {
            self.usable.iter().any(|s| !s.available && s.report.observed_generation == generation)
        };
        let last_updated = || {
            let there = self.usable.iter().map(|s| s.report);
            let there = there.filter(|report| report.observed_generation == generation);
            if not_available_at(generation) { oldest(there).unwrap_or(unchanged) } else { unchanged }
        };
        if self.usable.len() < self.names.len() {
            return (false, generation, last_updated());
        }
        let was_good = previous.filter(|previous| previous.status == ConditionStatus::True);
        if self.usable.iter().all(|usable_report| usable_report.available) {
            let uniform = self.usable.iter().all(|s| s.report.observed_generation == generation);
            match was_good {
                _ if uniform => {
                    let oldest = oldest(self.usable.iter().map(|s| s.report));
                    (true, generation, oldest.unwrap_or(reference))
                }
                Some(good) => (true, good.observed_generation, good.last_updated_time),
                None => (false, generation, unchanged),
            }
        } else {
            match was_good {
                Some(good) if !not_available_at(good.observed_generation) => {
                    (true, good.observed_generation, good.last_updated_time)
                }
                _ => (false, generation, last_updated()),
            }
        }
    }

    /// Returns the condition of one adapter.
    fn successful(&self, usable_report: &UsableReport<'_>) -> Condition {
        let report = usable_report.report;
        let (r#type, updated) = (successful_type(&report.adapter), report.last_report_time);
        let says = report.availability_reason();
        self.condition(&r#type, usable_report.available, says, report.observed_generation, updated, updated)
    }

    /// Returns a condition that replaces the previous one of the same type. If the status differs from the previous
    /// one, `changed` is its transition time.
    fn condition(
        &self,
        r#type: &str,
        holds: bool,
        (reason, message): (Option<String>, Option<String>),
        observed_generation: i64,
        last_updated_time: DateTime<Utc>,
        changed: DateTime<Utc>,
    ) -> Condition {
        let status = ConditionStatus::from_bool(holds);
        let previous = self.previous(r#type);
        let unchanged = previous.filter(|previous| previous.status == status);
        Condition {
            r#type: r#type.to_owned(),
            status,
            reason,
            message,
            observed_generation,
            created_time: previous.map_or(self.subject.reference_time, |previous| previous.created_time),
            last_updated_time,
            last_transition_time: unchanged.map_or(changed, |previous| previous.last_transition_time),
        }
    }

    fn previous(&self, name: &str) -> Option<&'a Condition> {
        self.subject.previous.and_then(|previous| previous.condition(name))
    }
}

fn oldest<'a>(reports: impl Iterator<Item = &'a ReportState>) -> Option<DateTime<Utc>> {
    reports.map(|report| report.last_report_time).min()
}

/// Returns the type of an adapter's own condition: `GcpProvisionerSuccessful` for `gcp-provisioner`.
pub(crate) fn successful_type(adapter: &str) -> String {
    let mut name = String::with_capacity(adapter.len() + 10);
    for part in adapter.split(['-', '_', '.']) {
        let mut letters = part.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(letters.as_str());
    }
    name.push_str("Successful");
    name
}
