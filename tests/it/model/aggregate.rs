//! The aggregated status, computed as a pure function.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::last_known::last_known_reconciled;
use super::reconciled::reconciled;
use super::report::StoredReport;

/// The inputs of the aggregation, except the previous aggregate.
pub(crate) struct Facts<'a> {
    pub(crate) generation: i64,
    /// The resource's `updated_time`.
    pub(crate) ref_time: DateTime<Utc>,
    pub(crate) deleting: bool,
    pub(crate) has_children: bool,
    /// The adapters that count, in the order in which their conditions are listed.
    pub(crate) counted: &'a [String],
    pub(crate) reports: &'a BTreeMap<String, StoredReport>,
}

/// The event that triggered the aggregation, with its time.
#[derive(Clone, Copy)]
pub(crate) enum Moment {
    /// The resource itself was written, at its `updated_time`.
    Written,
    /// A report was observed at this time.
    Observed(DateTime<Utc>),
}

/// The stored part of `status`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Aggregate {
    pub(crate) phase: &'static str,
    pub(crate) observed_generation: i64,
    pub(crate) last_updated_time: DateTime<Utc>,
    pub(crate) last_transition_time: DateTime<Utc>,
    pub(crate) conditions: Vec<Derived>,
}

/// One condition of a resource.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Derived {
    pub(crate) kind: String,
    pub(crate) is_true: bool,
    pub(crate) reason: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) observed_generation: i64,
    pub(crate) created_time: DateTime<Utc>,
    pub(crate) last_updated_time: DateTime<Utc>,
    pub(crate) last_transition_time: DateTime<Utc>,
}

/// A counted adapter whose stored report gives a known availability.
#[derive(Clone, Copy)]
pub(crate) struct Snapshot<'a> {
    pub(crate) adapter: &'a str,
    pub(crate) time: DateTime<Utc>,
    pub(crate) generation: i64,
    pub(crate) available: bool,
    pub(crate) finalized: bool,
}

impl Facts<'_> {
    /// Returns the aggregate that follows `previous`.
    pub(crate) fn aggregate(&self, previous: Option<&Aggregate>, moment: Moment) -> Aggregate {
        let before = |kind: &str| previous.and_then(|previous| previous.find(kind));
        let mut conditions = vec![
            reconciled(self, before("Reconciled")),
            last_known_reconciled(self, before("LastKnownReconciled")),
        ];
        conditions.extend(self.snapshots().into_iter().map(|snapshot| {
            let kind = condition_type(snapshot.adapter);
            let previous = before(&kind);
            self.successful(kind, snapshot, previous)
        }));
        let phase = self.phase();
        let reports = self.counted_reports();
        Aggregate {
            phase,
            observed_generation: reports.iter().map(|report| report.observed_generation).min().unwrap_or(0),
            last_updated_time: reports.iter().map(|r| r.last_report_time).min().unwrap_or(self.ref_time),
            last_transition_time: self.phase_since(phase, previous, moment),
            conditions,
        }
    }

    /// Returns the counted adapters whose stored report gives a known availability, in the order of `counted`.
    pub(crate) fn snapshots(&self) -> Vec<Snapshot<'_>> {
        let telling = |report: &&StoredReport| {
            report.observed_generation <= self.generation && report.availability() != "Unknown"
        };
        self.counted_reports().into_iter().filter(telling).map(Snapshot::from).collect()
    }

    fn counted_reports(&self) -> Vec<&StoredReport> {
        self.counted.iter().filter_map(|adapter| self.reports.get(adapter)).collect()
    }

    /// Returns the condition `<Adapter>Successful`.
    fn successful(&self, kind: String, snapshot: Snapshot<'_>, previous: Option<&Derived>) -> Derived {
        let source = self.reports.get(snapshot.adapter).and_then(StoredReport::availability_source);
        let kept = previous.filter(|previous| previous.is_true == snapshot.available);
        Derived {
            kind,
            is_true: snapshot.available,
            reason: source.and_then(|source| source.reason.clone()),
            message: source.and_then(|source| source.message.clone()),
            observed_generation: snapshot.generation,
            created_time: previous.map_or(self.ref_time, |previous| previous.created_time),
            last_updated_time: snapshot.time,
            last_transition_time: kept.map_or(snapshot.time, |kept| kept.last_transition_time),
        }
    }

    fn phase(&self) -> &'static str {
        let current = |report: &StoredReport| report.observed_generation == self.generation;
        let is_ready = |adapter: &String| {
            self.reports.get(adapter).is_some_and(|r| current(r) && r.availability() == "True")
        };
        let has_failed = |report: &&StoredReport| {
            report.status_of("Health") == Some("False") || report.status_of("Failed") == Some("True")
        };
        if !self.counted.is_empty() && self.counted.iter().all(is_ready) {
            "Ready"
        } else if self.counted_reports().iter().any(|report| current(report) && has_failed(report)) {
            "Failed"
        } else {
            "NotReady"
        }
    }

    /// Returns the time at which `phase` was entered. A report with an old observed time never moves it back.
    fn phase_since(&self, phase: &str, previous: Option<&Aggregate>, moment: Moment) -> DateTime<Utc> {
        match (previous, moment) {
            (Some(previous), _) if previous.phase == phase => previous.last_transition_time,
            (Some(previous), Moment::Observed(at)) => at.max(previous.last_transition_time),
            (None, Moment::Observed(at)) => at,
            (_, Moment::Written) => self.ref_time,
        }
    }
}

impl Aggregate {
    pub(crate) fn find(&self, kind: &str) -> Option<&Derived> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }
}

impl<'a> From<&'a StoredReport> for Snapshot<'a> {
    fn from(report: &'a StoredReport) -> Self {
        Self {
            adapter: &report.adapter,
            time: report.last_report_time,
            generation: report.observed_generation,
            available: report.availability() == "True",
            finalized: report.is_finalized(),
        }
    }
}

/// Returns the condition type of an adapter, for example `gcp-provisioner` → `GcpProvisionerSuccessful`. Hyphens,
/// underscores and dots separate parts; each part is kept apart from its first letter.
fn condition_type(adapter: &str) -> String {
    let capitalised = |part: &str| {
        let mut rest = part.chars();
        let first: String = rest.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
        first + rest.as_str()
    };
    adapter.split(['-', '_', '.']).map(capitalised).collect::<String>() + "Successful"
}
