//! Verifies that the random scenarios cover every case worth comparing.

use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::super::{Expected, Model, scenario};
use super::invariants::play;

const SCENARIOS: usize = 1_000;

/// The cases that must occur, and the minimum number of occurrences in 1,000 scenarios.
const SOUGHT: [(&str, usize); 31] = [
    ("201", 1_000),
    ("200", 200),
    ("202", 200),
    ("204", 20),
    ("400 HYPERFLEET-VAL-000", 100),
    ("400 HYPERFLEET-VAL-005", 10),
    ("404 HYPERFLEET-NTF-001", 100),
    ("409 HYPERFLEET-CNF-001", 50),
    ("409 HYPERFLEET-CNF-003", 50),
    ("future_generation", 100),
    ("older_generation", 20),
    ("older_report", 100),
    ("unknown_availability", 100),
    ("phase Ready", 500),
    ("phase Failed", 100),
    ("phase NotReady", 500),
    ("ReconciledAll", 500),
    ("ReconciledMissingAdapters", 500),
    ("ReconciledWaitingForChildren", 20),
    ("AllAdaptersReconciled", 500),
    ("AdaptersMissingReports", 500),
    ("AdapterReportedNotAvailable", 500),
    ("AdaptersNotAtSameGeneration", 20),
    ("known since an older generation", 50),
    ("gone at DELETE", 50),
    ("gone by a report", 50),
    ("gone by force", 20),
    ("parent gone with its last child", 10),
    ("parent left by a child", 10),
    ("finalizing beside its namesake", 20),
    ("deletion with reports", 100),
];

#[test]
fn scenarios_reach_everything() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeMap::new();
    for _ in 0..SCENARIOS {
        let scenario = scenario().new_tree(&mut runner).expect("a scenario").current();
        let Ok(()) = play(&scenario, |before, answer, after| {
            for sight in sights(before, answer, after) {
                *seen.entry(sight).or_insert(0) += 1;
            }
            Ok::<(), Infallible>(())
        });
    }
    let missed: Vec<_> =
        SOUGHT.iter().filter(|(sight, least)| seen.get(*sight).is_none_or(|times| times < least)).collect();
    assert!(missed.is_empty(), "missed {missed:?}\nseen {seen:#?}");
}

fn sights(before: &Model, answer: &Expected, after: &Model) -> Vec<String> {
    let mut sights = vec![match answer.code {
        Some(code) => format!("{} {code}", answer.status),
        None => answer.status.to_string(),
    }];
    sights.extend(answer.discard.map(str::to_owned));
    sights.extend(goings(before, answer, after).into_iter().map(str::to_owned));
    for row in &after.rows {
        sights.push(format!("phase {}", row.aggregate.phase));
        sights.extend(row.aggregate.conditions[..2].iter().filter_map(|condition| condition.reason.clone()));
        let known = &row.aggregate.conditions[1];
        if known.is_true && known.observed_generation < row.generation {
            sights.push("known since an older generation".to_owned());
        }
        let is_namesake = |other: &&super::super::state::Resource| {
            other.id != row.id && other.parent == row.parent && other.name == row.name
        };
        if row.is_finalizing() && after.rows.iter().any(|other| is_namesake(&other)) {
            sights.push("finalizing beside its namesake".to_owned());
        }
        if row.is_finalizing() && !row.reports.is_empty() {
            sights.push("deletion with reports".to_owned());
        }
    }
    sights
}

/// Returns the ways in which this step removed resources.
fn goings(before: &Model, answer: &Expected, after: &Model) -> Vec<&'static str> {
    let Some(first) = answer.vanished.first() else {
        return Vec::new();
    };
    let mut sights = vec![match answer.status {
        202 => "gone at DELETE",
        201 => "gone by a report",
        _ => "gone by force",
    }];
    let parent = before.row(*first).and_then(|row| row.parent);
    if let Some(parent) = parent.and_then(|parent| before.row(parent)).filter(|parent| parent.is_finalizing())
    {
        let stays = after.row(parent.id).is_some();
        sights.push(if stays { "parent left by a child" } else { "parent gone with its last child" });
    }
    sights
}
