use super::{count, text, together};
use crate::harness::TestApp;
use serde_json::json;
use std::collections::BTreeSet;

const WRITERS: usize = 64;
const ROUNDS: usize = 100;

crate::engines![
    of_64_patches_with_the_same_tag_exactly_one_wins,
    patches_without_a_tag_are_each_applied_once_one_after_the_other,
    patches_of_many_clusters_are_each_applied_once,
];

async fn of_64_patches_with_the_same_tag_exactly_one_wins(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let href = text(&cluster, "href");
    let mut tag = app.get(href).await.header("etag").to_owned();
    for round in 0..ROUNDS {
        let patches = (0..WRITERS).map(|writer| {
            let body = json!({"spec": {"round": round, "writer": writer}});
            app.request("PATCH", href).header("If-Match", &tag).json(&body)
        });
        let answers = together(patches).await;
        assert_eq!((count(&answers, 200), count(&answers, 412)), (1, WRITERS - 1), "round {round}");
        for loser in answers.iter().filter(|answer| answer.status == 412) {
            loser.problem(412, "HYPERFLEET-CNF-002");
        }
        let (writer, winner) =
            answers.iter().enumerate().find(|(_, answer)| answer.status == 200).expect("one won");
        assert_eq!(winner.body["spec"], json!({"round": round, "writer": writer}));
        assert_eq!(winner.body["generation"], round + 2);
        tag = winner.header("etag").to_owned();
    }
    assert_eq!(app.get(href).await.status(200).at("/generation"), 1 + ROUNDS);
}

async fn patches_without_a_tag_are_each_applied_once_one_after_the_other(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let href = text(&cluster, "href");
    let patches =
        (0..WRITERS).map(|writer| app.request("PATCH", href).json(&json!({"spec": {"writer": writer}})));
    let answers = together(patches).await;
    let mut generations = BTreeSet::new();
    let last = WRITERS as i64 + 1;
    let now = app.get(href).await;
    assert_eq!(now.status(200).at("/generation"), last);
    for (writer, answer) in answers.iter().enumerate() {
        answer.status(200);
        assert_eq!(answer.body["spec"], json!({"writer": writer}));
        let generation = answer.body["generation"].as_i64().expect("a number");
        generations.insert(generation);
        if generation == last {
            now.body(&answer.body);
        }
    }
    assert!(generations.into_iter().eq(2..=last));
}

async fn patches_of_many_clusters_are_each_applied_once(app: TestApp) {
    let mut clusters = Vec::new();
    for number in 0..WRITERS {
        clusters.push(app.a_cluster().named(&format!("c-{number}")).create().await);
    }
    for round in 0..4 {
        let patches = clusters.iter().enumerate().map(|(number, cluster)| {
            let body =
                json!({"spec": {"round": round, "number": number}, "labels": {"round": round.to_string()}});
            app.request("PATCH", text(cluster, "href")).json(&body)
        });
        for (number, answer) in together(patches).await.iter().enumerate() {
            assert_eq!(answer.status(200).at("/spec"), &json!({"round": round, "number": number}));
            assert_eq!(answer.at("/generation"), round + 2);
            app.get(text(&answer.body, "href")).await.body(&answer.body);
        }
        let labelled = app.list("clusters", &[("search", &format!("labels.round = '{round}'"))]).await;
        assert_eq!(labelled.at("/total"), WRITERS);
    }
}
