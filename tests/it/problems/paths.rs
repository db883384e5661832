//! Paths that do not exist, and methods that a path does not support.

use super::bad::{Bad, bad};
use serde_json::json;

const NO_ROUTE: &str = "HYPERFLEET-NTF-000";
const NO_RESOURCE: &str = "HYPERFLEET-NTF-001";

pub fn all() -> Vec<Bad> {
    [routes(), methods(), ids(), owners()].into_iter().flatten().collect()
}

fn routes() -> Vec<Bad> {
    let paths =
        ["/nope", "/api", "/api/hyperfleet/v2/clusters", "nope", "clusters/{cluster}/nope", "Clusters"];
    let odd = ["clusters//", "clusters/{cluster}/statuses/dns", "/openapi.yml"];
    paths.into_iter().chain(odd).map(|path| bad("no such path", "GET", path).is(404, NO_ROUTE)).collect()
}

fn methods() -> Vec<Bad> {
    let refused = [
        ("DELETE", "clusters"),
        ("PUT", "clusters"),
        ("PATCH", "nodepools"),
        ("POST", "clusters/{cluster}"),
        ("PUT", "clusters/{cluster}"),
        ("PATCH", "clusters/{cluster}/statuses"),
        ("DELETE", "nodepools/{pool}/statuses"),
        ("GET", "clusters/{cluster}/force-delete"),
        ("POST", "/openapi"),
        ("POST", "/api/hyperfleet"),
        ("DELETE", "compatibility"),
        ("OPTIONS", "clusters"),
    ];
    refused.map(|(method, path)| bad("no such method", method, path).is(405, NO_ROUTE)).into()
}

fn ids() -> Vec<Bad> {
    let ids = [
        "{nothing}",
        "abc",
        "1",
        "%00",
        "%ff",
        "{CLUSTER}",
        "urn:uuid:{cluster}",
        "%7B{cluster}%7D",
        "{pool}",
        "..%2Fclusters",
        "2pXkAAAAAAAAAAAAAAAAAAAAAAA",
    ];
    let mut all = Vec::new();
    for id in ids {
        let get =
            |below: &str| bad("no such cluster", "GET", format!("clusters/{id}{below}")).is(404, NO_RESOURCE);
        all.extend([get(""), get("/statuses"), get("/nodepools")]);
        all.push(bad("no such cluster", "DELETE", format!("clusters/{id}")).is(404, NO_RESOURCE));
    }
    for id in ["{nothing}", "abc", "{cluster}"] {
        let path = format!("nodepools/{id}");
        let report = json!({"adapter": "dns", "observed_generation": 1, "conditions": []});
        let no = |method, path: &str| bad("no such node pool", method, path).is(404, NO_RESOURCE);
        all.push(no("GET", &path));
        all.push(no("DELETE", &path));
        all.push(no("PATCH", &path).json(json!({"spec": {}})));
        all.push(no("PUT", &format!("{path}/statuses")).json(report));
        all.push(no("POST", &format!("{path}/force-delete")).json(json!({"reason": "it must go"})));
    }
    all.push(
        bad("a node pool of no cluster", "POST", "clusters/{nothing}/nodepools")
            .json(json!({"name": "gamma", "spec": {}}))
            .is(404, NO_RESOURCE),
    );
    all
}

/// Returns requests for a node pool under a cluster that does not own it.
fn owners() -> Vec<Bad> {
    let report = json!({"adapter": "dns", "observed_generation": 1, "conditions": []});
    ["{other}", "{nothing}", "{pool}", "abc"]
        .into_iter()
        .flat_map(|owner| {
            let path = format!("clusters/{owner}/nodepools/{{pool}}");
            let foreign = |method, below: &str| {
                bad("a foreign node pool", method, format!("{path}{below}")).is(404, NO_RESOURCE)
            };
            [
                foreign("GET", ""),
                foreign("DELETE", ""),
                foreign("PATCH", "").json(json!({"spec": {}})),
                foreign("GET", "/statuses"),
                foreign("PUT", "/statuses").json(report.clone()),
                foreign("POST", "/statuses").json(report.clone()),
                foreign("POST", "/force-delete").json(json!({"reason": "it must go"})),
            ]
        })
        .collect()
}
