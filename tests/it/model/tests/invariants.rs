//! Invariants that hold in every state.

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::state::{Kind, Resource};
use super::super::step::Scenario;
use super::super::{Expected, Model, report_lists, scenario};
use super::support::{at, body, condition, id, model, with_cluster};

/// Runs a scenario on the model alone and passes each step to `look`: the model before, the response, the model
/// after.
pub(super) fn play<E>(
    scenario: &Scenario,
    mut look: impl FnMut(&Model, &Expected, &Model) -> Result<(), E>,
) -> Result<(), E> {
    let mut model = Model::new(scenario.settings.clone());
    let mut now = at(0);
    for (number, timed) in scenario.steps.iter().enumerate() {
        now += timed.wait();
        let before = model.clone();
        let request = timed.step.resolve(&model, now);
        let answer = model.apply(now, &request, Uuid::from_u128(number as u128 + 1));
        look(&before, &answer, &model)?;
    }
    Ok(())
}

#[test]
fn invariants_hold_in_every_scenario() {
    let mut runner = TestRunner::new(Config { cases: 512, failure_persistence: None, ..Config::default() });
    let result = runner.run(&scenario(), |scenario| play(&scenario, step_is_sound));
    if let Err(found) = result {
        panic!("{found}");
    }
}

fn step_is_sound(before: &Model, answer: &Expected, after: &Model) -> Result<(), TestCaseError> {
    if answer.status >= 400 || answer.discard.is_some() {
        prop_assert_eq!(states(before), states(after), "a refusal changes nothing");
    }
    for gone in &answer.vanished {
        prop_assert!(before.row(*gone).is_some());
        prop_assert_eq!(after.get(*gone).status, 404);
    }
    for row in &after.rows {
        row_is_sound(after, row)?;
        if let Some(earlier) = before.row(row.id) {
            prop_assert!(row.generation - earlier.generation <= 1 && row.generation >= earlier.generation);
            prop_assert_eq!(row.generation > earlier.generation, row_was_written(earlier, row));
        }
    }
    Ok(())
}

fn row_was_written(earlier: &Resource, row: &Resource) -> bool {
    (&earlier.spec, &earlier.labels, earlier.deleted_time) != (&row.spec, &row.labels, row.deleted_time)
}

fn row_is_sound(model: &Model, row: &Resource) -> Result<(), TestCaseError> {
    let body = row.to_json();
    let reconciled = condition(&body, "Reconciled");
    prop_assert_eq!(&reconciled["observed_generation"], &json!(row.generation));
    if !row.is_finalizing() {
        let is_ready = body["status"]["phase"] == "Ready";
        prop_assert_eq!(is_ready, reconciled["status"] == "True", "two roads to the same answer");
    }
    let twins = model.rows.iter().filter(|other| !other.is_finalizing() && !row.is_finalizing());
    let twins = twins.filter(|other| other.parent == row.parent && other.name == row.name);
    prop_assert!(twins.count() <= 1, "a name is taken twice");
    if row.kind == Kind::NodePool {
        let parent = row.parent.and_then(|parent| model.row(parent));
        prop_assert!(parent.is_some_and(|parent| row.is_finalizing() || !parent.is_finalizing()));
    }
    prop_assert!(!model.is_finished(row.id), "it waits for nothing and is still there");
    prop_assert!(row.updated_time >= row.created_time);
    prop_assert!(row.reports.values().all(|report| report.observed_generation <= row.generation));
    Ok(())
}

fn states(model: &Model) -> Vec<(Value, Vec<Value>)> {
    model.rows.iter().map(|row| (row.to_json(), model.reports(row.id))).collect()
}

/// Returns a model with a cluster at generation 3 and these required adapters.
fn cluster_at_generation_three(counted: &[&str]) -> Model {
    let mut model = with_cluster(model(counted, &[]));
    for nodes in [2, 3] {
        model.patch(at(nodes), id(1), &json!({ "spec": { "nodes": nodes } }));
    }
    model
}

#[test]
fn each_small_set_of_reports_is_summed_up() {
    let adapters = ["a", "b", "c", "d"];
    let start: DateTime<Utc> = at(4);
    let mut ready = 0;
    let mut lists = 0;
    for reports in report_lists(&adapters, start) {
        let mut model = cluster_at_generation_three(&adapters);
        for report in &reports {
            assert_eq!(model.report(at(4), id(1), report).status, 201);
        }
        let current = |report: &&super::super::Report| {
            report.observed_generation == 3 && report.conditions[0].status == "True"
        };
        let is_ready = reports.iter().filter(current).count() == adapters.len();
        let body = body(&model, 1);
        assert_eq!(body["status"]["phase"] == "Ready", is_ready, "{reports:?}");
        assert_eq!(condition(&body, "Reconciled")["status"] == "True", is_ready, "{reports:?}");
        assert_eq!(body["status"]["adapters"].as_array().map(Vec::len), Some(reports.len()));
        ready += usize::from(is_ready);
        lists += 1;
    }
    assert_eq!((lists, ready), (10_000, 1));
}
