//! Explains what a resource is waiting for: a pure function of values.

use super::aggregate::required_names;
use super::condition::{ConditionStatus, Phase};
use super::report_state::{ReportState, StoredCondition};
use crate::error::Result;
use crate::model::Resource;
use chrono::{DateTime, Utc};
use strum::AsRefStr;
use uuid::Uuid;

/// What a resource is waiting for.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The state of the resource.
    pub state: State,
    /// Since when `state` holds.
    pub since: DateTime<Utc>,
    /// What must change before the resource is reconciled, or removed if it is finalizing. Adapters come first, in
    /// their order, and children last.
    pub blocked_by: Vec<Blocker>,
    /// The children that block the removal of the resource.
    pub children: Children,
}

/// The state of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsRefStr)]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// Every required adapter reports Available=True at the current generation.
    Reconciled,
    /// A required adapter does not yet report Available=True at the current generation.
    Waiting,
    /// A required adapter reports a failure at the current generation.
    Failed,
    /// The resource is marked for deletion.
    Finalizing,
}

/// Why the resource is waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsRefStr)]
#[strum(serialize_all = "snake_case")]
pub enum Why {
    /// The adapter has not reported yet.
    NeverReported,
    /// The adapter's last report is about an earlier generation.
    OlderGeneration,
    /// The adapter reports that the resource is not available.
    Unavailable,
    /// The adapter reports a failure.
    Failed,
    /// The adapter cannot determine whether the resource is available.
    Unknown,
    /// The adapter has not cleaned up yet.
    NotFinalized,
    /// The resource still has node pools.
    Children,
}

/// An adapter, or the children, that the resource is waiting for.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocker {
    /// The adapter; `None` for the children.
    pub adapter: Option<String>,
    /// Why the resource is waiting.
    pub why: Why,
    /// The generation of the adapter's last report.
    pub observed_generation: Option<i64>,
    /// The generation that the adapter still has to report; `None` if it has reported it.
    pub wanted: Option<i64>,
    /// The condition of the report that causes the wait.
    pub condition: Option<StoredCondition>,
    /// Since when the resource is waiting.
    pub since: DateTime<Utc>,
    /// When the adapter's last report was observed.
    pub last_report_time: Option<DateTime<Utc>>,
}

/// The children that block the removal of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Children {
    /// The number of children.
    pub waiting: i64,
    /// The ids of some of them, oldest first.
    pub sample: Vec<Uuid>,
}

/// Explains a resource by `reports`, which are ordered by adapter. `required` names the required adapters; if it is
/// empty, all that have reported are required.
///
/// # Errors
/// The stored phase cannot be parsed.
pub(crate) fn explain(
    resource: &Resource,
    required: &[String],
    reports: &[ReportState],
    children: Children,
) -> Result<Explanation> {
    let (state, since) = match (resource.deleted_time, resource.status.phase()?) {
        (Some(deleted), _) => (State::Finalizing, deleted),
        (None, Phase::Ready) => (State::Reconciled, resource.status.transition_time),
        (None, Phase::Failed) => (State::Failed, resource.status.transition_time),
        (None, Phase::NotReady) => (State::Waiting, resource.status.transition_time),
    };
    let mut blocked_by = Vec::new();
    if state != State::Reconciled {
        let names = required_names(required, reports);
        let blocker = |name: &str| {
            let report = reports.iter().find(|report| report.adapter == name);
            report.map_or_else(|| Some(never_reported(resource, name)), |report| blocker(resource, report))
        };
        blocked_by.extend(names.into_iter().filter_map(blocker));
        if children.waiting > 0 {
            blocked_by.push(Blocker::new(None, Why::Children, since));
        }
    }
    Ok(Explanation { state, since, blocked_by, children })
}

fn never_reported(resource: &Resource, adapter: &str) -> Blocker {
    let wanted = Some(resource.generation);
    Blocker { wanted, ..Blocker::new(Some(adapter), Why::NeverReported, resource.created_time) }
}

/// Returns why the resource is waiting for the adapter of this report; `None` if it is not.
fn blocker(resource: &Resource, report: &ReportState) -> Option<Blocker> {
    let known = |why, since| Blocker {
        observed_generation: Some(report.observed_generation),
        last_report_time: Some(report.last_report_time),
        ..Blocker::new(Some(&report.adapter), why, since)
    };
    if report.observed_generation < resource.generation {
        let wanted = Some(resource.generation);
        return Some(Blocker { wanted, ..known(Why::OlderGeneration, resource.updated_time) });
    }
    let (why, condition) = match resource.deleted_time {
        Some(_) if report.finalized() => return None,
        _ if report.failed() => (Why::Failed, report.failure()),
        Some(_) => (Why::NotFinalized, report.condition("Finalized")),
        None => match report.availability() {
            ConditionStatus::True => return None,
            ConditionStatus::False => (Why::Unavailable, report.unavailability()),
            ConditionStatus::Unknown => (Why::Unknown, report.unavailability()),
        },
    };
    let since = condition.map_or(report.last_report_time, |condition| condition.last_transition_time);
    // A wait that began in an earlier generation counts from the start of this generation.
    let since = since.max(resource.updated_time);
    Some(Blocker { condition: condition.cloned(), ..known(why, since) })
}

impl Blocker {
    fn new(adapter: Option<&str>, why: Why, since: DateTime<Utc>) -> Self {
        let adapter = adapter.map(str::to_owned);
        let (observed_generation, wanted, condition, last_report_time) = (None, None, None, None);
        Self { adapter, why, observed_generation, wanted, condition, since, last_report_time }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use crate::status::stored_status::StoredStatus;
    use chrono::TimeDelta;
    use entity::JsonText;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    /// A report observed, with all its conditions, at second 40.
    fn report(
        adapter: &str,
        observed_generation: i64,
        conditions: &[(&str, ConditionStatus)],
    ) -> ReportState {
        let conditions = conditions.iter().map(|(name, status)| StoredCondition {
            r#type: (*name).into(),
            status: *status,
            reason: Some(format!("{name}Reason")),
            message: Some(format!("{name} says so")),
            adapter: adapter.into(),
            observed_generation,
            created_at: at(40),
            updated_at: at(40),
            last_transition_time: at(40),
        });
        ReportState {
            adapter: adapter.into(),
            observed_generation,
            conditions: conditions.collect(),
            created_time: at(40),
            last_report_time: at(40),
        }
    }

    /// A resource at generation 2, created at second 10 and changed at second 20. Its phase changed at second 30.
    fn resource(phase: Phase) -> Resource {
        let status = StoredStatus {
            phase: phase.as_ref().into(),
            observed_generation: 0,
            updated_time: at(25),
            transition_time: at(30),
            conditions: JsonText("[]".into()),
            adapters: JsonText("[]".into()),
            reconciled: false,
            reconciled_updated_time: at(25),
            reconciled_since: None,
        };
        Resource {
            kind: Kind::Cluster,
            id: Uuid::nil(),
            owner_id: None,
            name: "one".into(),
            generation: 2,
            revision: 3,
            spec: JsonText("{}".into()),
            labels: JsonText("{}".into()),
            status,
            created_time: at(10),
            updated_time: at(20),
            deleted_time: None,
            created_by: "a".into(),
            updated_by: "a".into(),
            deleted_by: None,
        }
    }

    fn explained(
        resource: &Resource,
        required: &[String],
        reports: &[ReportState],
        children: Children,
    ) -> Explanation {
        explain(resource, required, reports, children).expect("a phase")
    }

    /// Formats a blocker: adapter, why, generations, deciding condition, since.
    fn short(blocker: &Blocker) -> String {
        let Blocker { adapter, why, observed_generation, wanted, condition, since, .. } = blocker;
        let number = |number: &Option<i64>| number.map_or("-".to_owned(), |number| number.to_string());
        format!(
            "{} {} {} {} {} {}",
            adapter.as_deref().unwrap_or("-"),
            why.as_ref(),
            number(observed_generation),
            number(wanted),
            condition.as_ref().map_or("-", |condition| &condition.r#type),
            since.timestamp()
        )
    }

    fn blockers(resource: &Resource, required: &[String], reports: &[ReportState]) -> Vec<String> {
        explained(resource, required, reports, Children::default()).blocked_by.iter().map(short).collect()
    }

    #[test]
    fn the_state_follows_the_phase_until_the_resource_is_deleted() {
        for (phase, expected) in [
            (Phase::Ready, State::Reconciled),
            (Phase::NotReady, State::Waiting),
            (Phase::Failed, State::Failed),
        ] {
            let found = explained(&resource(phase), &[], &[], Children::default());
            assert_eq!((found.state, found.since), (expected, at(30)));
            let deleted = Resource { deleted_time: Some(at(50)), ..resource(phase) };
            let found = explained(&deleted, &[], &[], Children::default());
            assert_eq!((found.state, found.since), (State::Finalizing, at(50)));
        }
    }

    #[test]
    fn each_required_adapter_is_explained_in_the_configured_order() {
        use ConditionStatus::{False, True, Unknown};
        let required = ["z", "old", "down", "sick", "blind", "fine"].map(String::from);
        let reports = [
            report("blind", 2, &[("Available", Unknown)]),
            report("down", 2, &[("Health", True), ("Available", False)]),
            report("fine", 2, &[("Available", True)]),
            report("old", 1, &[("Available", True)]),
            report("other", 1, &[("Available", False)]),
            report("sick", 2, &[("Available", True), ("Health", False)]),
        ];
        assert_eq!(
            blockers(&resource(Phase::NotReady), &required, &reports),
            [
                "z never_reported - 2 - 10",
                "old older_generation 1 2 - 20",
                "down unavailable 2 - Available 40",
                "sick failed 2 - Health 40",
                "blind unknown 2 - Available 40",
            ]
        );
        assert_eq!(blockers(&resource(Phase::Ready), &required, &reports), Vec::<String>::new());
    }

    #[test]
    fn without_configured_adapters_those_that_reported_are_explained() {
        use ConditionStatus::{False, True};
        let reports =
            [report("a", 1, &[]), report("b", 2, &[("Available", False)]), report("c", 2, &[("X", True)])];
        assert_eq!(
            blockers(&resource(Phase::NotReady), &[], &reports),
            ["a older_generation 1 2 - 20", "b unavailable 2 - Available 40"]
        );
        assert_eq!(blockers(&resource(Phase::NotReady), &[], &[]), Vec::<String>::new());
    }

    #[test]
    fn the_condition_that_decides_is_named() {
        use ConditionStatus::{False, True, Unknown};
        for (conditions, expected) in [
            (vec![("Applied", False), ("Ready", False)], "unavailable 2 - Ready"),
            (vec![("Progressing", False), ("A", True), ("B", Unknown)], "unavailable 2 - B"),
            (vec![("Progressing", True)], "unavailable 2 - -"),
            (vec![("Available", False), ("Failed", True)], "failed 2 - Failed"),
            (vec![("Available", False), ("Failed", False), ("Health", False)], "failed 2 - Health"),
        ] {
            let reports = [report("a", 2, &conditions)];
            let blockers = blockers(&resource(Phase::NotReady), &[], &reports);
            assert_eq!(blockers, [format!("a {expected} 40")], "{conditions:?}");
        }
    }

    #[test]
    fn a_blocker_tells_what_the_condition_says_and_when_the_report_was_observed() {
        let reports = [report("a", 2, &[("Available", ConditionStatus::False)])];
        let found = explained(&resource(Phase::NotReady), &[], &reports, Children::default());
        assert_eq!(found.blocked_by[0].condition, Some(reports[0].conditions[0].clone()));
        assert_eq!(found.blocked_by[0].last_report_time, Some(at(40)));
        // The resource was already unavailable before this generation.
        let later = Resource { updated_time: at(60), ..resource(Phase::NotReady) };
        assert_eq!(blockers(&later, &[], &reports), ["a unavailable 2 - Available 60"]);
    }

    #[test]
    fn a_deletion_waits_for_finalized_adapters_and_for_children() {
        use ConditionStatus::{False, True};
        let required = ["a", "b", "c", "d", "e"].map(String::from);
        let deleted =
            Resource { updated_time: at(35), deleted_time: Some(at(35)), ..resource(Phase::NotReady) };
        let reports = [
            report("a", 2, &[("Available", True)]),
            report("b", 2, &[("Available", False), ("Finalized", False)]),
            report("c", 1, &[("Finalized", True)]),
            report("d", 2, &[("Finalized", True), ("Health", False)]),
            report("e", 2, &[("Finalized", False), ("Health", False)]),
        ];
        let children = Children { waiting: 12, sample: vec![Uuid::nil()] };
        let found = explained(&deleted, &required, &reports, children.clone());
        assert_eq!(found.children, children);
        assert_eq!(
            found.blocked_by.iter().map(short).collect::<Vec<_>>(),
            [
                "a not_finalized 2 - - 40",
                "b not_finalized 2 - Finalized 40",
                "c older_generation 1 2 - 35",
                "e failed 2 - Health 40",
                "- children - - - 35",
            ]
        );
    }
}
