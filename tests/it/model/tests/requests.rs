//! The resolution of steps to requests.

use serde_json::json;

use super::super::Model;
use super::super::step::{Change, Creation, Observation, Observed, Pick, Reason, Step, Target};
use super::support::{at, id, model, send, text, with_cluster, with_node_pool};

const CLUSTER: &str = "00000000-0000-0000-0000-000000000001";
const POOL: &str = "00000000-0000-0000-0000-000000000002";

fn pool(flat: bool) -> Target {
    Target { pick: Pick::NodePool(7), flat }
}

fn two_resources() -> Model {
    with_node_pool(with_cluster(model(&[], &[])), 2)
}

fn sent(step: Step, model: &Model) -> (&'static str, String, serde_json::Value) {
    let request = step.resolve(model, at(5));
    (request.method, request.path.clone(), request.body().unwrap_or_default())
}

#[test]
fn addresses_are_nested_or_flat_and_name_nothing_where_nothing_is() {
    let nested = format!("/clusters/{CLUSTER}/nodepools/{POOL}");
    let delete = |flat| Step::Delete { target: pool(flat) };
    assert_eq!(sent(delete(false), &two_resources()), ("DELETE", nested.clone(), json!(null)));
    assert_eq!(sent(delete(true), &two_resources()).1, format!("/nodepools/{POOL}"));
    let nothing = "/clusters/00000000-0000-0000-0000-000000000000".to_owned();
    assert_eq!(sent(delete(true), &model(&[], &[])).1, nothing);
    let force = Step::ForceDelete { target: pool(false), reason: Reason::Given };
    let reason = json!({ "reason": "The cloud account is gone" });
    assert_eq!(sent(force, &two_resources()), ("POST", nested + "/force-delete", reason));
}

#[test]
fn bodies_say_what_the_step_means() {
    let cluster = Target { pick: Pick::Cluster(3), flat: true };
    let creation = Creation { name: 4, spec: 1, labels: Some(1), fault: None };
    let body = json!({ "kind": "NodePool", "name": "workers", "spec": { "nodes": 1 },
        "labels": { "env": "production" } });
    let create = Step::CreateNodePool { parent: cluster, creation };
    let path = format!("/clusters/{CLUSTER}");
    assert_eq!(sent(create, &two_resources()), ("POST", path.clone() + "/nodepools", body));
    let patch = Step::Patch { target: cluster, change: Change::Unchanged };
    let same = json!({ "spec": { "nodes": 1.0 }, "labels": {} });
    assert_eq!(sent(patch, &two_resources()), ("PATCH", path, same));
}

#[test]
fn reports_are_relative_to_the_resource_and_to_what_is_stored() {
    let mut model = two_resources();
    send(&mut model, 2, "dns", 1, 3, "Available=True");
    model.patch(at(4), id(2), &json!({ "labels": { "env": "test" } }));
    let mut observation = Observation {
        target: pool(true),
        put: true,
        adapter: 1,
        generation: -1,
        observed: Observed::Stored(0),
        conditions: vec![("Health", "False")],
        text: None,
        fault: None,
    };
    let mut body = json!({ "adapter": "dns", "observed_generation": 1, "observed_time": text(3),
        "conditions": [{ "type": "Health", "status": "False" }] });
    let path = format!("/nodepools/{POOL}/statuses");
    assert_eq!(sent(Step::Report(observation.clone()), &model), ("PUT", path.clone(), body.clone()));
    observation.observed = Observed::Offset(-60);
    body["observed_time"] = text(4);
    assert_eq!(sent(Step::Report(observation.clone()), &model).2, body);
    (observation.observed, observation.put) = (Observed::Absent, false);
    body.as_object_mut().and_then(|object| object.remove("observed_time"));
    assert_eq!(sent(Step::Report(observation), &model), ("POST", path, body));
}
