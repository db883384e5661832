//! The lifecycle of one cluster with the required adapters a and b, row by row.

use serde_json::{Value, json};

use super::super::{Expected, Model, json_contains};
use super::support::{at, body, condition, id, model, send, text, with_cluster};

/// Status, generation, and the minutes of `last_updated_time` and `last_transition_time`.
type Row = (&'static str, i64, i64, i64);

const MET: &str = "All required adapters reported Available=True or Finalized=True at the current generation";
const KNOWN: (&str, &str) =
    ("AllAdaptersReconciled", "All required adapters report Available=True for the tracked generation");
const NEVER: (&str, &str) = ("AdaptersMissingReports", "Required adapters have not yet reported status");
const NOT_AVAILABLE: (&str, &str) =
    ("AdapterReportedNotAvailable", "One or more required adapters report Available=False");

fn missing(awaited: &str, unmet: &str, reporting: &str) -> (&'static str, String) {
    let message = format!(
        "Required adapters not reporting {awaited}=True: [{unmet}]. Currently reporting: [{reporting}]"
    );
    ("ReconciledMissingAdapters", message)
}

#[track_caller]
fn check(model: &Model, kind: &str, (status, generation, updated, transition): Row) -> Value {
    let found = condition(&body(model, 1), kind);
    let expected = json!({
        "status": status,
        "observed_generation": generation,
        "created_time": found["created_time"],
        "last_updated_time": text(updated),
        "last_transition_time": text(transition),
    });
    assert!(json_contains(&found, &expected), "{kind}\n found {found}\n expected {expected}");
    found
}

#[track_caller]
fn reconciled(model: &Model, row: Row, (reason, message): (&str, String)) {
    let found = check(model, "Reconciled", row);
    assert_eq!((&found["reason"], &found["message"]), (&json!(reason), &json!(message)));
    assert_eq!(found["created_time"], text(0));
}

#[track_caller]
fn known(model: &Model, row: Row, (reason, message): (&str, &str)) {
    let found = check(model, "LastKnownReconciled", row);
    assert_eq!((&found["reason"], &found["message"]), (&json!(reason), &json!(message)));
    assert_eq!(found["created_time"], text(0));
}

#[track_caller]
fn phase(model: &Model, phase: &str, since: i64, generation: i64, updated: i64) {
    let body = body(model, 1);
    let expected = json!({
        "phase": phase,
        "last_transition_time": text(since),
        "observed_generation": generation,
        "last_updated_time": text(updated),
    });
    assert!(json_contains(&body["status"], &expected), "found {} expected {expected}", body["status"]);
}

#[track_caller]
fn stored(answer: &Expected) {
    assert_eq!((answer.status, answer.discard), (201, None));
}

fn met() -> (&'static str, String) {
    ("ReconciledAll", MET.to_owned())
}

#[test]
fn worked_example() {
    let mut model = with_cluster(model(&["a", "b"], &[]));
    first_generation(&mut model);
    second_generation(&mut model);
    discarded_reports(&mut model);
    deletion(&mut model);
}

fn first_generation(model: &mut Model) {
    reconciled(model, ("False", 1, 0, 0), missing("Available", "a, b", ""));
    known(model, ("False", 1, 0, 0), NEVER);
    phase(model, "NotReady", 0, 0, 0);
    assert_eq!(body(model, 1)["status"]["conditions"].as_array().map(Vec::len), Some(2));

    stored(&send(model, 1, "a", 1, 1, "Available=True"));
    reconciled(model, ("False", 1, 1, 0), missing("Available", "b", "a"));
    known(model, ("False", 1, 0, 0), NEVER);
    check(model, "ASuccessful", ("True", 1, 1, 1));
    phase(model, "NotReady", 0, 1, 1);

    stored(&send(model, 1, "b", 1, 2, "Available=True"));
    reconciled(model, ("True", 1, 1, 1), met());
    known(model, ("True", 1, 1, 1), KNOWN);
    check(model, "BSuccessful", ("True", 1, 2, 2));
    phase(model, "Ready", 2, 1, 1);
}

fn second_generation(model: &mut Model) {
    assert_eq!(model.patch(at(3), id(1), &json!({ "spec": { "nodes": 2 } })).status, 200);
    reconciled(model, ("False", 2, 3, 3), missing("Available", "a, b", "a, b"));
    known(model, ("True", 1, 1, 1), KNOWN);
    check(model, "ASuccessful", ("True", 1, 1, 1));
    check(model, "BSuccessful", ("True", 1, 2, 2));
    phase(model, "NotReady", 3, 1, 1);

    stored(&send(model, 1, "a", 2, 4, "Available=True"));
    reconciled(model, ("False", 2, 4, 3), missing("Available", "b", "a, b"));
    known(model, ("True", 1, 1, 1), KNOWN);
    check(model, "ASuccessful", ("True", 2, 4, 1));
    phase(model, "NotReady", 3, 1, 2);

    stored(&send(model, 1, "b", 2, 5, "Available=False"));
    reconciled(model, ("False", 2, 4, 3), missing("Available", "b", "a, b"));
    known(model, ("True", 1, 1, 1), KNOWN);
    check(model, "BSuccessful", ("False", 2, 5, 5));
    phase(model, "NotReady", 3, 2, 4);

    stored(&send(model, 1, "b", 2, 6, "Available=True"));
    reconciled(model, ("True", 2, 4, 4), met());
    known(model, ("True", 2, 4, 1), KNOWN);
    check(model, "BSuccessful", ("True", 2, 6, 6));
    phase(model, "Ready", 6, 2, 4);

    stored(&send(model, 1, "a", 2, 7, "Available=False"));
    reconciled(model, ("False", 2, 6, 6), missing("Available", "a", "a, b"));
    known(model, ("False", 2, 6, 6), NOT_AVAILABLE);
    check(model, "ASuccessful", ("False", 2, 7, 7));
    phase(model, "NotReady", 7, 2, 6);
}

fn discarded_reports(model: &mut Model) {
    let before = body(model, 1);
    assert_eq!(send(model, 1, "a", 2, 8, "Available=Unknown"), Expected::discarded("unknown_availability"));
    assert_eq!(send(model, 1, "a", 1, 9, "Available=True"), Expected::discarded("older_generation"));
    assert_eq!(body(model, 1), before);
}

fn deletion(model: &mut Model) {
    let answer = model.delete(at(10), id(1));
    assert_eq!((answer.status, answer.vanished.len()), (202, 0));
    assert_eq!(answer.body, Some(body(model, 1)));
    reconciled(model, ("False", 3, 10, 6), missing("Finalized", "a, b", "a, b"));
    known(model, ("False", 2, 6, 6), NOT_AVAILABLE);

    stored(&send(model, 1, "a", 3, 11, "Available=False Finalized=True"));
    reconciled(model, ("False", 3, 11, 6), missing("Finalized", "b", "a, b"));
    known(model, ("False", 3, 11, 6), NOT_AVAILABLE);

    let last = send(model, 1, "b", 3, 12, "Available=True Finalized=True");
    stored(&last);
    assert_eq!(last.vanished, [id(1)]);
    assert_eq!(model.get(id(1)).status, 404);
}
