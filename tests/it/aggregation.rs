//! Compares the service's aggregation with the model's for every small set of reports, received in every order, where
//! each aggregate follows the previous one.

use crate::model::{Aggregate, Condition, Derived, Facts, Moment, StoredReport, report_lists};
use chrono::{DateTime, TimeDelta, Utc};
use service::status::{self, ConditionStatus, StoredCondition, Subject, Trigger, aggregate};
use std::collections::BTreeMap;

/// The resource and the reports about it that one comparison enumerates.
struct Case {
    /// The adapters that report, each once.
    adapters: &'static [&'static str],
    /// The required adapters. If empty, every adapter that has reported counts.
    required: &'static [&'static str],
    finalizing: bool,
    has_children: bool,
    /// Whether each report is followed by a new generation. The first generation is then 1 instead of 3.
    growing: bool,
    /// Seconds between the observed times of consecutive reports, in the order in which they are received.
    pace: i64,
    /// A condition that each report may carry in addition.
    also: Option<(&'static str, &'static str)>,
}

const FOUR: Case = Case {
    adapters: &["dns", "gcp-provisioner", "Pull_secret", "validation"],
    required: &["validation", "dns", "Pull_secret", "gcp-provisioner"],
    finalizing: false,
    has_children: false,
    growing: false,
    pace: 1,
    also: None,
};
const THREE: Case =
    Case { adapters: &["dns", "gcp-provisioner", "validation"], required: &["validation", "dns"], ..FOUR };

#[test]
fn four_required_adapters_are_summed_up_alike() {
    assert_eq!(compare_all(&FOUR), 175_969);
}

#[test]
fn with_none_required_four_adapters_are_summed_up_alike() {
    assert_eq!(compare_all(&Case { required: &[], ..FOUR }), 175_969);
}

#[test]
fn later_reports_that_were_observed_earlier_are_summed_up_alike() {
    compare_all(&Case { pace: -1, ..THREE });
    compare_all(&Case { pace: -1, required: &[], ..THREE });
    compare_all(&Case { pace: 0, ..THREE });
}

#[test]
fn failures_are_summed_up_alike() {
    compare_all(&Case { also: Some(("Health", "False")), ..THREE });
    compare_all(&Case { also: Some(("Failed", "True")), required: &[], ..THREE });
}

#[test]
fn generations_that_grow_between_reports_are_summed_up_alike() {
    compare_all(&Case { growing: true, ..THREE });
    compare_all(&Case { growing: true, required: &[], ..THREE });
    compare_all(&Case { growing: true, required: &["validation", "gcp-provisioner", "dns"], ..THREE });
}

#[test]
fn deletions_are_summed_up_alike() {
    let deletion = Case { finalizing: true, also: Some(("Finalized", "True")), ..THREE };
    compare_all(&Case { has_children: true, ..deletion });
    compare_all(&Case { required: &[], ..deletion });
    compare_all(&deletion);
}

fn start() -> DateTime<Utc> {
    "2026-01-02T03:04:05.678901Z".parse().expect("a time")
}

/// The aggregates of the service and the model after the same events.
struct Pair {
    service: status::Aggregate,
    model: Aggregate,
}

/// One report as the service and the model store it.
#[derive(Clone)]
struct Report {
    service: status::ReportState,
    model: StoredReport,
}

/// A depth-first traversal of all sequences of reports in a case.
struct Walk<'a> {
    case: &'a Case,
    required: Vec<String>,
    /// The possible reports, by position in the order of receipt and then by adapter.
    choices: Vec<Vec<Vec<Report>>>,
    /// The reports stored so far, ordered by adapter.
    service: Vec<status::ReportState>,
    model: BTreeMap<String, StoredReport>,
    generation: i64,
    reference_time: DateTime<Utc>,
    compared: u64,
}

/// Traverses all sequences of a case. Returns the number of aggregates that were compared.
fn compare_all(case: &Case) -> u64 {
    let choices_at = |place: usize| {
        let heard = start() + TimeDelta::seconds(case.pace * (place as i64 + 1));
        case.adapters.iter().map(|adapter| choices(adapter, heard, case.also)).collect()
    };
    let mut walk = Walk {
        case,
        required: case.required.iter().map(|name| (*name).to_owned()).collect(),
        choices: (0..case.adapters.len()).map(choices_at).collect(),
        service: Vec::new(),
        model: BTreeMap::new(),
        generation: if case.growing { 1 } else { 3 },
        reference_time: start(),
        compared: 0,
    };
    let first = walk.compare(None, None);
    walk.go_on(&first);
    walk.compared
}

/// Returns each report that `adapter` can send, with and without the additional condition.
fn choices(adapter: &str, heard: DateTime<Utc>, also: Option<(&str, &str)>) -> Vec<Report> {
    let mut reports: Vec<_> = report_lists(&[adapter], heard).flatten().collect();
    for mut report in reports.clone() {
        if let Some((kind, status)) = also {
            report.conditions.push(Condition::new(kind, status));
            reports.push(report);
        }
    }
    let stored = reports.iter().map(|report| report.store(None, heard));
    stored.map(|model| Report { service: service_report(&model), model }).collect()
}

impl Walk<'_> {
    /// Adds each report of each adapter that has not reported yet, and continues recursively.
    fn go_on(&mut self, previous: &Pair) {
        let place = self.model.len();
        for (number, adapter) in self.case.adapters.iter().enumerate() {
            if self.model.contains_key(*adapter) {
                continue;
            }
            for choice in 0..self.choices[place][number].len() {
                let report = self.choices[place][number][choice].clone();
                let before = (self.generation, self.reference_time);
                self.hear(report, previous);
                (self.generation, self.reference_time) = before;
                self.model.remove(*adapter);
                self.service.retain(|report| report.adapter != *adapter);
            }
        }
    }

    fn hear(&mut self, report: Report, previous: &Pair) {
        let heard = report.model.last_report_time;
        let at = self.service.partition_point(|other| other.adapter < report.model.adapter);
        self.service.insert(at, report.service);
        self.model.insert(report.model.adapter.clone(), report.model);
        let after = self.compare(Some(previous), Some(heard));
        if self.case.growing {
            self.generation += 1;
            self.reference_time += TimeDelta::minutes(1);
            let changed = self.compare(Some(&after), None);
            self.go_on(&changed);
        } else {
            self.go_on(&after);
        }
    }

    /// Aggregates on both sides and compares the results. The trigger is a report observed at `heard`, or a change of
    /// the resource if `heard` is `None`.
    fn compare(&mut self, previous: Option<&Pair>, heard: Option<DateTime<Utc>>) -> Pair {
        let subject = Subject {
            generation: self.generation,
            created_time: start(),
            reference_time: self.reference_time,
            finalizing: self.case.finalizing,
            has_children: self.case.has_children,
            required: &self.required,
            previous: previous.map(|pair| &pair.service),
        };
        let reporting: Vec<String> = self.model.keys().cloned().collect();
        let facts = Facts {
            generation: self.generation,
            ref_time: self.reference_time,
            deleting: self.case.finalizing,
            has_children: self.case.has_children,
            counted: if self.required.is_empty() { &reporting } else { &self.required },
            reports: &self.model,
        };
        let pair = Pair {
            service: aggregate(&subject, &self.service, heard.map_or(Trigger::Change, Trigger::Report)),
            model: facts
                .aggregate(previous.map(|pair| &pair.model), heard.map_or(Moment::Written, Moment::Observed)),
        };
        assert!(
            same(&pair.service, &pair.model),
            "generation {}, reports {:#?}\nservice {:#?}\nmodel {:#?}",
            self.generation,
            self.model,
            pair.service,
            pair.model
        );
        self.compared += 1;
        pair
    }
}

fn service_report(report: &StoredReport) -> status::ReportState {
    let condition = |(condition, since): &(Condition, DateTime<Utc>)| StoredCondition {
        r#type: condition.kind.clone(),
        status: serde_json::from_value(condition.status.as_str().into()).expect("True, False or Unknown"),
        reason: condition.reason.clone(),
        message: condition.message.clone(),
        adapter: report.adapter.clone(),
        observed_generation: report.observed_generation,
        created_at: report.created_time,
        updated_at: report.last_report_time,
        last_transition_time: *since,
    };
    status::ReportState {
        adapter: report.adapter.clone(),
        observed_generation: report.observed_generation,
        conditions: report.conditions.iter().map(condition).collect(),
        created_time: report.created_time,
        last_report_time: report.last_report_time,
    }
}

fn same(service: &status::Aggregate, model: &Aggregate) -> bool {
    service.phase.as_ref() == model.phase
        && service.observed_generation == model.observed_generation
        && service.updated_time == model.last_updated_time
        && service.transition_time == model.last_transition_time
        && service.conditions.len() == model.conditions.len()
        && service.conditions.iter().zip(&model.conditions).all(|(a, b)| same_condition(a, b))
}

fn same_condition(service: &status::Condition, model: &Derived) -> bool {
    service.r#type == model.kind
        && service.status == ConditionStatus::from_bool(model.is_true)
        && service.reason == model.reason
        && service.message == model.message
        && service.observed_generation == model.observed_generation
        && service.created_time == model.created_time
        && service.last_updated_time == model.last_updated_time
        && service.last_transition_time == model.last_transition_time
}
