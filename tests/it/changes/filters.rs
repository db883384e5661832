use super::Follower;
use crate::harness::{TestApp, report};
use crate::statuses::href;
use serde_json::json;

crate::engines![
    a_label_decides_who_comes_and_goes,
    a_condition_decides_who_comes_and_goes,
    what_never_matched_is_never_told,
    everything_that_is_wrong_with_a_request_is_told_at_once,
];

async fn a_label_decides_who_comes_and_goes(app: TestApp) {
    let mut follower = Follower::now(&app, &[("search", "labels.env='x'")]).await;
    let cluster = app.a_cluster().labelled("env", "y").create().await;
    for env in ["x", "y", "x"] {
        app.patch(href(&cluster), json!({"labels": {"env": env}})).await.status(200);
    }
    app.patch(href(&cluster), json!({"spec": {"more": true}})).await.status(200);
    app.delete(href(&cluster)).await.status(202);
    follower.until(|follower| follower.events.len() == 5).await;
    assert_eq!(
        follower.types(),
        [
            "ADDED updated -",
            "DELETED updated unmatched",
            "ADDED updated -",
            "MODIFIED updated -",
            "DELETED removed deleted"
        ]
    );
    assert_eq!(follower.events[1]["object"]["labels"], json!({"env": "y"}), "as it is now");
}

async fn a_condition_decides_who_comes_and_goes(app: TestApp) {
    let waiting = "status.conditions.Reconciled='False'";
    let mut follower = Follower::now(&app, &[("search", waiting), ("kind", "Cluster")]).await;
    let cluster = app.a_cluster().create().await;
    app.report(href(&cluster), report("dns", 1, &[("Available", "True")])).await.status(201);
    app.patch(href(&cluster), json!({"spec": {"more": true}})).await.status(200);
    follower.until(|follower| follower.events.len() == 3).await;
    assert_eq!(follower.types(), ["ADDED created -", "DELETED reported unmatched", "ADDED updated -"]);
}

async fn what_never_matched_is_never_told(app: TestApp) {
    let mut follower = Follower::now(&app, &[("search", "name='never'")]).await;
    let before = follower.position.clone();
    let cluster = app.a_cluster().create().await;
    app.delete(href(&cluster)).await.status(202);
    let seen = app.a_cluster().named("never").create().await;
    follower.until(|follower| !follower.copy.is_empty()).await;
    assert_eq!(follower.events.len(), 1);
    assert_eq!(follower.events[0]["object"], seen);
    assert_ne!(follower.position, before);
}

async fn everything_that_is_wrong_with_a_request_is_told_at_once(app: TestApp) {
    let wrong = [
        ("kind", "Clusters"),
        ("id", "x"),
        ("owner_id", "y"),
        ("search", "nope"),
        ("fields", "nope"),
        ("since", "yesterday"),
        ("wait", "61"),
        ("limit", "0"),
        ("bookmark", "0"),
        ("timeout", "3601"),
    ];
    let answer = app.list("changes", &wrong).await;
    answer.problem(400, "HYPERFLEET-VAL-000");
    let mut fields = answer.error_fields();
    fields.sort_unstable();
    let mut names = wrong.map(|(name, _)| name);
    names.sort_unstable();
    assert_eq!(fields, names);
    for blank in ["id", "owner_id"] {
        let answer = app.list("changes", &[(blank, " ")]).await;
        assert_eq!(
            answer.problem(400, "HYPERFLEET-VAL-000").error_fields(),
            [blank],
            "it must not ask for everything"
        );
    }
    app.list("changes", &[("since", "0123abcd")]).await.problem(400, "HYPERFLEET-VAL-005");
    app.list("changes", &[("wait", "-1")]).await.problem(400, "HYPERFLEET-VAL-000");
}
