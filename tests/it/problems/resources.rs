//! Clusters and node pools that violate rules, and changes that are not possible.

use super::bad::{Bad, bad};
use serde_json::{Map, Value, json};

const BAD_REQUEST: &str = "HYPERFLEET-VAL-005";
const VALIDATION: &str = "HYPERFLEET-VAL-000";
const POOLS: &str = "clusters/{cluster}/nodepools";

pub fn all() -> Vec<Bad> {
    [creations(), names(), labels(), changes(), conflicts(), forced()].into_iter().flatten().collect()
}

fn create(what: &'static str, body: Value) -> Bad {
    bad(what, "POST", "clusters").json(body)
}

fn creations() -> Vec<Bad> {
    let too_large = "x".repeat(256 * 1024);
    vec![
        create("nothing given", json!({})).at(&["name", "spec"]),
        create("no name", json!({"spec": {}})).at(&["name"]),
        create("no spec", json!({"name": "gamma"})).at(&["spec"]),
        create("null for a name", json!({"name": null, "spec": {}})).at(&["name"]),
        create("a number for a name", json!({"name": 7, "spec": {}})).at(&["name"]),
        create("a number for a kind", json!({"kind": 7, "name": "gamma", "spec": {}})).at(&["kind"]),
        create("another kind", json!({"kind": "NodePool", "name": "gamma", "spec": {}})).at(&["kind"]),
        create("the kind in lower case", json!({"kind": "cluster", "name": "gamma", "spec": {}}))
            .at(&["kind"]),
        create("null for a spec", json!({"name": "gamma", "spec": null})).at(&["spec"]),
        create("a list for a spec", json!({"name": "gamma", "spec": []})).at(&["spec"]),
        create("a text for a spec", json!({"name": "gamma", "spec": "{}"})).at(&["spec"]),
        create("a boolean for a spec", json!({"name": "gamma", "spec": true})).at(&["spec"]),
        create("a spec over 256 KiB", json!({"name": "gamma", "spec": {"x": too_large}})).at(&["spec"]),
        create("everything wrong", json!({"kind": 1, "name": "", "spec": 2, "labels": 3}))
            .at(&["kind", "labels", "name", "spec"]),
        bad("a cluster as a node pool", "POST", POOLS)
            .json(json!({"kind": "Cluster", "name": "gamma", "spec": {}}))
            .at(&["kind"]),
        bad("a node pool of no cluster", "POST", "nodepools")
            .json(json!({"name": "gamma", "spec": {}}))
            .is(422, VALIDATION),
        create("an empty idempotency key", json!({"name": "gamma", "spec": {}}))
            .header("idempotency-key", "")
            .at(&["Idempotency-Key"]),
    ]
}

fn names() -> Vec<Bad> {
    let cluster = [
        ("too short", "ab".to_owned()),
        ("too long", "a".repeat(54)),
        ("capitals", "Gamma".into()),
        ("a hyphen first", "-gamma".into()),
        ("a hyphen last", "gamma-".into()),
        ("a dot", "gam.ma".into()),
        ("a blank", "gam ma".into()),
        ("a line break last", "gamma\n".into()),
        ("an umlaut", "gämma".into()),
        ("an underscore", "gam_ma".into()),
        ("empty", String::new()),
    ];
    let pool =
        [("too short", "ab".to_owned()), ("16 characters", "a".repeat(16)), ("capitals", "Pool".into())];
    let cluster = cluster.map(|(what, name)| create(what, json!({"name": name, "spec": {}})).at(&["name"]));
    let pool = pool
        .map(|(what, name)| bad(what, "POST", POOLS).json(json!({"name": name, "spec": {}})).at(&["name"]));
    cluster.into_iter().chain(pool).collect()
}

fn labels() -> Vec<Bad> {
    let labelled = |labels: Value| json!({"name": "gamma", "spec": {}, "labels": labels});
    let many: Map<String, Value> = (0..65).map(|n| (format!("label-{n}"), json!("x"))).collect();
    let long = "a".repeat(64);
    let endless = |n: u32| (format!("-{n}"), json!(n));
    let mut all = vec![
        create("a list for labels", labelled(json!([]))).at(&["labels"]),
        create("a number for a label", labelled(json!({"env": 1}))).at(&["labels[env]"]),
        create("null for a label", labelled(json!({"env": null}))).at(&["labels[env]"]),
        create("65 labels", labelled(many.into())).at(&["labels"]),
        create("labels without end", labelled((0..50_000).map(endless).collect::<Map<_, _>>().into())),
        create("a bad value", labelled(json!({"env": "-x"}))).at(&["labels[env]"]),
        create("a long value", labelled(json!({"env": long}))).at(&["labels[env]"]),
        create("two bad labels", labelled(json!({"-a": "x", "b": "-y"}))).at(&["labels", "labels[b]"]),
        bad("a bad label in a change", "PATCH", "clusters/{cluster}")
            .json(json!({"labels": {"a b": "x"}}))
            .at(&["labels"]),
    ];
    for key in ["", "/x", "x/", "a/b/c", "UPPER.io/x", "a b", "ä", &long, &format!("{long}.io/x")] {
        all.push(create("a bad key", labelled(json!({key: "x"}))).at(&["labels"]));
    }
    all
}

fn changes() -> Vec<Bad> {
    let change = |what, body: Value| bad(what, "PATCH", "clusters/{cluster}").json(body);
    vec![
        change("an empty change", json!({})).is(400, BAD_REQUEST),
        change("a change of nulls", json!({"spec": null, "labels": null})).is(400, BAD_REQUEST),
        change("a new name", json!({"name": "gamma"})).at(&["name"]),
        change("a new name beside a spec", json!({"spec": {}, "name": "gamma"})).at(&["name"]),
        change("unknown keys", json!({"spec": {}, "generation": 7, "status": {}}))
            .at(&["generation", "status"]),
        change("a list for a spec", json!({"spec": []})).at(&["spec"]),
        change("a text for labels", json!({"labels": "x"})).at(&["labels"]),
        change("a spec over 256 KiB", json!({"spec": {"x": "x".repeat(256 * 1024)}})).at(&["spec"]),
        bad("an empty change of a node pool", "PATCH", "nodepools/{pool}")
            .json(json!({}))
            .is(400, BAD_REQUEST),
        bad("a new owner", "PATCH", "clusters/{cluster}/nodepools/{pool}")
            .json(json!({"owner_references": {}}))
            .at(&["owner_references"]),
        change("no entity tag", json!({"spec": {}})).header("if-match", "1").at(&["If-Match"]),
        bad("half an entity tag", "DELETE", "clusters/{cluster}").header("if-match", "\"1").at(&["If-Match"]),
    ]
}

fn conflicts() -> Vec<Bad> {
    let spec = || json!({"spec": {"changed": true}});
    vec![
        create("a name that is taken", json!({"name": "alpha", "spec": {}}))
            .is(409, "HYPERFLEET-CNF-001")
            .at(&["name"]),
        bad("a node pool's name that is taken", "POST", POOLS)
            .json(json!({"name": "workers", "spec": {}}))
            .is(409, "HYPERFLEET-CNF-001")
            .at(&["name"]),
        bad("another version", "PATCH", "clusters/{cluster}")
            .json(spec())
            .header("if-match", "\"999\"")
            .is(412, "HYPERFLEET-CNF-002"),
        bad("another version", "DELETE", "clusters/{cluster}")
            .header("if-match", "\"999\"")
            .is(412, "HYPERFLEET-CNF-002"),
        bad("another version", "POST", "clusters/{ending}/force-delete")
            .json(json!({"reason": "it must go"}))
            .header("if-match", "\"999\"")
            .is(412, "HYPERFLEET-CNF-002"),
        bad("a change of what is going", "PATCH", "clusters/{ending}")
            .json(spec())
            .is(409, "HYPERFLEET-CNF-003"),
        bad("a node pool in what is going", "POST", "clusters/{ending}/nodepools")
            .json(json!({"name": "gamma", "spec": {}}))
            .is(409, "HYPERFLEET-CNF-003"),
        bad("force on what nobody deleted", "POST", "clusters/{cluster}/force-delete")
            .json(json!({"reason": "it must go"}))
            .is(409, "HYPERFLEET-CNF-003"),
        bad(
            "force on a node pool nobody deleted",
            "POST",
            "clusters/{cluster}/nodepools/{pool}/force-delete",
        )
        .json(json!({"reason": "it must go"}))
        .is(409, "HYPERFLEET-CNF-003"),
    ]
}

fn forced() -> Vec<Bad> {
    let force =
        |what, body: Value| bad(what, "POST", "clusters/{ending}/force-delete").json(body).at(&["reason"]);
    vec![
        force("no reason", json!({})),
        force("an empty reason", json!({"reason": ""})),
        force("null for a reason", json!({"reason": null})),
        force("a number for a reason", json!({"reason": 1})),
        force("a reason of 1025 characters", json!({"reason": "ä".repeat(1025)})),
    ]
}
