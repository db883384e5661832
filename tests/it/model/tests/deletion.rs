//! The order of deletions: which resources wait for which.

use serde_json::json;
use uuid::Uuid;

use super::super::{Expected, Model};
use super::support::{at, body, condition, id, model, send, text, with_cluster, with_node_pool};

const NOBODY: [Uuid; 0] = [];

fn reason_of_waiting(model: &Model) -> serde_json::Value {
    condition(&body(model, 1), "Reconciled")["reason"].clone()
}

#[test]
fn with_nobody_to_wait_for_everything_goes_at_once() {
    let mut model = with_node_pool(with_cluster(model(&[], &[])), 2);
    let answer = model.delete(at(1), id(1));
    assert_eq!((answer.status, answer.vanished), (202, vec![id(2), id(1)]));
    let body = answer.body.expect("the resource as it went");
    assert_eq!((&body["deleted_time"], &body["generation"]), (&text(1), &json!(2)));
    let caller = json!("system@hyperfleet.local");
    assert_eq!((&body["deleted_by"], &body["updated_by"]), (&caller, &caller));
    assert_eq!(model.get(id(1)), Expected::not_found());
    assert_eq!(model.delete(at(2), id(1)), Expected::not_found());
}

#[test]
fn a_parent_waits_for_its_children_and_goes_with_the_last() {
    let mut model = with_node_pool(with_node_pool(with_cluster(model(&["a"], &["v"])), 2), 3);
    assert_eq!(model.delete(at(1), id(1)).vanished, NOBODY);
    for number in [1, 2, 3] {
        let body = body(&model, number);
        assert_eq!((&body["deleted_time"], &body["generation"]), (&text(1), &json!(2)), "{number}");
    }
    assert_eq!(send(&mut model, 1, "a", 2, 2, "Available=True Finalized=True").vanished, NOBODY);
    assert_eq!(reason_of_waiting(&model), "ReconciledWaitingForChildren");
    assert_eq!(send(&mut model, 2, "v", 2, 3, "Available=False Finalized=True").vanished, [id(2)]);
    assert_eq!(reason_of_waiting(&model), "ReconciledWaitingForChildren");
    assert_eq!(body(&model, 1)["updated_time"], text(1));
    let last = send(&mut model, 3, "v", 2, 4, "Available=False Finalized=True");
    assert_eq!((last.status, last.vanished), (201, vec![id(3), id(1)]));
}

#[test]
fn a_parent_without_adapters_goes_with_its_last_child() {
    let mut model = with_node_pool(with_cluster(model(&[], &["v"])), 2);
    assert_eq!(model.delete(at(1), id(1)).vanished, NOBODY);
    assert_eq!(reason_of_waiting(&model), "ReconciledMissingAdapters");
    assert_eq!(model.force_delete(id(2), "gone"), Expected::done().removing(vec![id(2), id(1)]));
}

#[test]
fn a_parent_whose_adapters_are_not_done_stays_without_children() {
    let mut model = with_node_pool(with_cluster(model(&["a"], &[])), 2);
    assert_eq!(model.delete(at(1), id(1)).vanished, [id(2)]);
    assert_eq!(send(&mut model, 1, "a", 2, 2, "Available=True").vanished, NOBODY);
    assert_eq!(body(&model, 1)["status"]["phase"], "Ready");
    assert_eq!(send(&mut model, 1, "a", 2, 3, "Available=True Finalized=True").vanished, [id(1)]);
}

/// A first report of unknown availability is stored without being aggregated. The removal of a child must not
/// aggregate it either.
#[test]
fn a_parent_that_stays_is_left_as_it_was_when_a_child_goes() {
    let mut model = with_node_pool(with_cluster(model(&["a"], &["v"])), 2);
    model.delete(at(1), id(1));
    send(&mut model, 1, "a", 2, 2, "Available=Unknown Health=False");
    let before = body(&model, 1);
    assert_eq!(before["status"]["phase"], "NotReady");
    assert_eq!(model.force_delete(id(2), "gone").vanished, [id(2)]);
    assert_eq!(body(&model, 1), before);
}

#[test]
fn a_first_report_of_unknown_availability_may_be_the_last_that_was_waited_for() {
    let mut model = with_cluster(model(&["a"], &[]));
    model.delete(at(1), id(1));
    assert_eq!(send(&mut model, 1, "a", 2, 2, "Available=Unknown Finalized=True").vanished, [id(1)]);
}

#[test]
fn finalized_counts_at_the_current_generation_only() {
    let mut model = with_cluster(model(&["a"], &[]));
    model.delete(at(1), id(1));
    assert_eq!(send(&mut model, 1, "a", 1, 2, "Available=True Finalized=True").vanished, NOBODY);
    assert_eq!(send(&mut model, 1, "a", 2, 3, "Available=True Finalized=False").vanished, NOBODY);
    assert_eq!(send(&mut model, 1, "b", 2, 4, "Available=True Finalized=True").vanished, NOBODY);
    assert_eq!(send(&mut model, 1, "a", 2, 5, "Available=True Finalized=True").vanished, [id(1)]);
}

#[test]
fn a_repeated_delete_changes_nothing() {
    let mut model = with_node_pool(with_cluster(model(&["a"], &["v"])), 2);
    model.delete(at(1), id(2));
    let before = body(&model, 2);
    assert_eq!(model.delete(at(2), id(2)), Expected::found(202, before.clone()));
    model.delete(at(3), id(1));
    assert_eq!(body(&model, 2), before, "the cascade leaves what is finalizing already");
}

#[test]
fn while_finalizing_changes_are_refused_and_the_name_is_free() {
    let mut model = with_node_pool(with_cluster(model(&["a"], &["v"])), 2);
    model.delete(at(1), id(1));
    let refused = Expected::refused(409, "HYPERFLEET-CNF-003");
    let pool = json!({ "name": "pool-9", "spec": {} });
    assert_eq!(model.patch(at(2), id(1), &json!({ "spec": {} })), refused);
    assert_eq!(model.patch(at(2), id(1), &json!({})), Expected::refused(400, "HYPERFLEET-VAL-005"));
    assert_eq!(model.create_node_pool(at(2), id(1), id(9), &pool), refused);
    let alpha = json!({ "name": "alpha", "spec": {} });
    assert_eq!(model.create_cluster(at(2), id(3), &alpha).status, 201);
    assert_eq!(model.create_cluster(at(2), id(4), &alpha), Expected::name_taken(id(3)));
    assert_eq!(model.ids(), [id(1), id(2), id(3)]);
}

#[test]
fn force_delete_takes_the_tree_and_only_while_finalizing() {
    let mut model = with_node_pool(with_cluster(model(&["a"], &["v"])), 2);
    assert_eq!(model.force_delete(id(9), ""), Expected::not_found());
    assert_eq!(model.force_delete(id(1), ""), Expected::refused(400, "HYPERFLEET-VAL-000"));
    assert_eq!(model.force_delete(id(1), "x"), Expected::refused(409, "HYPERFLEET-CNF-003"));
    model.delete(at(2), id(1));
    assert_eq!(model.force_delete(id(1), &"é".repeat(1025)).status, 400);
    let answer = model.force_delete(id(1), &"é".repeat(1024));
    assert_eq!(answer, Expected::done().removing(vec![id(2), id(1)]));
    assert_eq!(model.ids(), NOBODY);
}
