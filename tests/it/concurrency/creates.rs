use super::{count, text, together};
use crate::harness::TestApp;
use serde_json::json;
use std::collections::BTreeSet;

const CREATES: usize = 50;

crate::engines![
    of_50_creates_of_one_name_one_succeeds_and_the_others_learn_who_has_it,
    of_50_creates_of_one_node_pool_one_succeeds_and_the_others_learn_who_has_it,
    node_pools_of_one_cluster_are_created_at_the_same_time,
];

async fn of_50_creates_of_one_name_one_succeeds_and_the_others_learn_who_has_it(app: TestApp) {
    one_succeeds(&app, "clusters").await;
}

async fn of_50_creates_of_one_node_pool_one_succeeds_and_the_others_learn_who_has_it(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    one_succeeds(&app, &format!("clusters/{}/nodepools", text(&cluster, "id"))).await;
}

async fn one_succeeds(app: &TestApp, path: &str) {
    let creates = (0..CREATES).map(|number| {
        let body = json!({"name": "the-only-one", "spec": {"number": number}, "labels": {"a": "b"}});
        app.request("POST", path).json(&body)
    });
    let answers = together(creates).await;
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, CREATES - 1));
    let winner = answers.iter().find(|answer| answer.status == 201).expect("one succeeded");
    for loser in answers.iter().filter(|answer| answer.status == 409) {
        loser.problem(409, "HYPERFLEET-CNF-001");
        assert!(loser.text.contains(text(&winner.body, "id")), "{}", loser.text);
    }
    let listed = app.get(path).await;
    assert_eq!(listed.status(200).at("/items"), &json!([winner.body]));
}

async fn node_pools_of_one_cluster_are_created_at_the_same_time(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let path = format!("clusters/{}/nodepools", text(&cluster, "id"));
    let creates = (0..CREATES).map(|number| {
        app.request("POST", &path).json(&json!({"name": format!("pool-{number}"), "spec": {}}))
    });
    let answers = together(creates).await;
    assert_eq!(count(&answers, 201), CREATES);
    let ids: BTreeSet<&str> = answers.iter().map(|answer| text(&answer.body, "id")).collect();
    assert_eq!(ids.len(), CREATES);
    let listed = app.get(&format!("{path}?size=500")).await;
    assert_eq!(listed.status(200).at("/total"), CREATES);
    let items = listed.body["items"].as_array().expect("a list");
    assert_eq!(items.iter().map(|item| text(item, "id")).collect::<BTreeSet<_>>(), ids);
}
