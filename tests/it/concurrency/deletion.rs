use super::{count, text, together};
use crate::harness::{TestApp, report};
use serde_json::json;

const ROUNDS: usize = 20;
const CREATES: usize = 20;
const NODE_POOL_ADAPTER: (&str, &str) = ("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", "validation");

crate::engines![
    a_node_pool_created_beside_the_deletion_of_its_cluster_is_marked_or_refused,
    a_node_pool_created_beside_the_removal_of_its_cluster_goes_with_it,
    node_pools_that_go_at_the_same_time_take_their_cluster_with_them,
];

/// Returns requests that create node pools and, among them, the DELETE of their cluster.
fn creates_and_delete(app: &TestApp, href: &str) -> Vec<reqwest::RequestBuilder> {
    let path = format!("{href}/nodepools");
    let creates = (0..CREATES).map(|number| {
        let body = json!({"name": format!("pool-{number}"), "spec": {}, "labels": {"number": "x"}});
        app.request("POST", &path).json(&body)
    });
    let mut requests: Vec<_> = creates.collect();
    requests.insert(CREATES / 2, app.request("DELETE", href));
    requests
}

async fn a_node_pool_created_beside_the_deletion_of_its_cluster_is_marked_or_refused(app: TestApp) {
    let app = app.replica(&[NODE_POOL_ADAPTER, ("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "dns")]).await;
    for round in 0..ROUNDS {
        let cluster = app.a_cluster().create().await;
        let href = text(&cluster, "href");
        let mut answers = together(creates_and_delete(&app, href)).await;
        answers.remove(CREATES / 2).status(202);
        let created = count(&answers, 201);
        assert_eq!(created + count(&answers, 409), CREATES, "round {round}");
        for refused in answers.iter().filter(|answer| answer.status == 409) {
            refused.problem(409, "HYPERFLEET-CNF-003");
        }
        let left = app.get(&format!("{href}/nodepools?size=500")).await;
        let left = left.status(200).body["items"].as_array().expect("a list");
        assert_eq!(left.len(), created, "round {round}");
        for node_pool in left {
            assert_eq!(node_pool["deleted_time"], json!("2026-01-02T03:04:05.678901Z"), "{node_pool}");
            assert_eq!(node_pool["generation"], 2, "{node_pool}");
        }
        app.post(&format!("{href}/force-delete"), json!({"reason": "the round is over"})).await.status(204);
    }
    assert_eq!(app.get("nodepools").await.status(200).at("/total"), 0);
}

async fn a_node_pool_created_beside_the_removal_of_its_cluster_goes_with_it(app: TestApp) {
    for round in 0..ROUNDS {
        let cluster = app.a_cluster().create().await;
        let href = text(&cluster, "href");
        let mut answers = together(creates_and_delete(&app, href)).await;
        answers.remove(CREATES / 2).status(202);
        assert_eq!(count(&answers, 201) + count(&answers, 404), CREATES, "round {round}");
        app.get(href).await.problem(404, "HYPERFLEET-NTF-001");
        for created in answers.iter().filter(|answer| answer.status == 201) {
            app.get(text(&created.body, "href")).await.problem(404, "HYPERFLEET-NTF-001");
            let flat = format!("nodepools/{}", text(&created.body, "id"));
            app.get(&flat).await.problem(404, "HYPERFLEET-NTF-001");
        }
    }
    let left = app.get("nodepools").await;
    assert_eq!((left.status(200).at("/total"), left.at("/items")), (&json!(0), &json!([])));
}

async fn node_pools_that_go_at_the_same_time_take_their_cluster_with_them(app: TestApp) {
    let app = app.replica(&[NODE_POOL_ADAPTER]).await;
    for round in 0..ROUNDS {
        let cluster = app.a_cluster().create().await;
        let href = text(&cluster, "href");
        let mut node_pools = Vec::new();
        for number in 0..CREATES {
            let name = format!("pool-{number}");
            node_pools.push(app.a_node_pool(text(&cluster, "id")).named(&name).create().await);
        }
        app.delete(href).await.status(202);
        let last = report("validation", 2, &[("Available", "False"), ("Finalized", "True")]);
        let reports = node_pools.iter().map(|node_pool| {
            app.request("PUT", &format!("{}/statuses", text(node_pool, "href"))).json(&last)
        });
        assert_eq!(count(&together(reports).await, 201), CREATES, "round {round}");
        app.get(href).await.problem(404, "HYPERFLEET-NTF-001");
    }
    assert_eq!(app.get("nodepools").await.status(200).at("/total"), 0);
}
