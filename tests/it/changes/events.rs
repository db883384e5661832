use super::Follower;
use crate::harness::{TestApp, report};
use crate::statuses::{href, id};
use chrono::TimeDelta;
use serde_json::{Value, json};

crate::engines![
    a_life_is_told_from_beginning_to_end,
    a_report_that_only_moves_times_is_no_event,
    what_changes_nothing_is_no_event,
    a_cascade_is_told_resource_by_resource,
    the_present_state_comes_first_page_by_page,
    a_list_and_the_changes_after_it_leave_no_gap,
    a_walk_by_cursor_keeps_the_position_of_its_first_page,
    only_the_fields_that_are_asked_for_are_told,
];

async fn a_life_is_told_from_beginning_to_end(app: TestApp) {
    let app = app.replica(&[("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "dns")]).await;
    let mut follower = Follower::now(&app, &[]).await;
    let cluster = app.a_cluster().create().await;
    app.advance(TimeDelta::seconds(1));
    app.patch(href(&cluster), json!({"spec": {"region": "us"}})).await.status(200);
    app.report(href(&cluster), report("dns", 2, &[("Available", "True")])).await.status(201);
    app.delete(href(&cluster)).await.status(202);
    let finalized = report("dns", 3, &[("Available", "False"), ("Finalized", "True")]);
    app.report(href(&cluster), finalized).await.status(201);
    follower.until(|follower| follower.events.len() == 5).await;
    let types = follower.types();
    assert_eq!(
        types,
        [
            "ADDED created -",
            "MODIFIED updated -",
            "MODIFIED reported -",
            "MODIFIED updated -",
            "DELETED removed deleted"
        ]
    );
    let [created, patched, reported, marked, removed] = &follower.events[..] else { panic!("{types:?}") };
    assert_eq!((&created["object"], &created["etag"]), (&cluster, &json!("\"1\"")));
    assert_eq!(created["changed_by"], "system@hyperfleet.local");
    assert_eq!(patched["object"]["spec"], json!({"region": "us"}));
    assert_eq!(patched["changed_time"], patched["object"]["updated_time"]);
    assert_eq!(
        (&reported["changed_by"], &reported["object"]["status"]["phase"]),
        (&json!("dns"), &json!("Ready"))
    );
    assert_eq!(marked["object"]["deleted_by"], "system@hyperfleet.local");
    assert_eq!((&removed["changed_by"], &removed["object"]["generation"]), (&json!("dns"), &json!(3)));
    let again = Follower::since(&app, created["position"].as_str().expect("a position"), &[]);
    let mut again = again;
    again.read().await;
    assert_eq!(again.events, follower.events[1..]);
}

async fn a_report_that_only_moves_times_is_no_event(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let report = |reason: &str| {
        let condition = json!({"type": "Available", "status": "True", "reason": reason});
        json!({"adapter": "dns", "observed_generation": 1, "conditions": [condition]})
    };
    app.report(href(&cluster), report("Fine")).await.status(201);
    let mut follower = Follower::start(&app, &[]).await;
    follower.until_it_agrees().await;
    let before = follower.events.len();
    for _ in 0..3 {
        app.advance(TimeDelta::seconds(10));
        app.report(href(&cluster), report("Fine")).await.status(201);
    }
    app.report(href(&cluster), report("Better")).await.status(201);
    follower.until(|follower| follower.events.len() > before).await;
    assert_eq!(follower.types()[before..], ["MODIFIED reported -"]);
    let now = app.get(href(&cluster)).await;
    assert_eq!(follower.copy[id(&cluster)], now.body, "the event carries the times as well");
}

async fn what_changes_nothing_is_no_event(app: TestApp) {
    let cluster = app.a_cluster().labelled("env", "x").create().await;
    let mut follower = Follower::start(&app, &[]).await;
    follower.until_it_agrees().await;
    app.patch(href(&cluster), json!({"labels": {"env": "x"}})).await.status(200);
    app.report(href(&cluster), report("dns", 9, &[("Available", "True")])).await.status(204);
    app.patch(href(&cluster), json!({"labels": {"env": 1}})).await.status(400);
    let last = app.a_cluster().named("last").create().await;
    follower.until(|follower| follower.copy.contains_key(id(&last))).await;
    let about = |event: &&Value| event["object"]["id"] == cluster["id"] && event["change"] != "created";
    assert_eq!(follower.events.iter().filter(about).filter(|event| !event["change"].is_null()).count(), 0);
}

async fn a_cascade_is_told_resource_by_resource(app: TestApp) {
    let required =
        [("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "dns"), ("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", "np")];
    let app = app.replica(&required).await;
    let cluster = app.a_cluster().create().await;
    for name in ["one", "two"] {
        app.a_node_pool(id(&cluster)).named(name).create().await;
    }
    let mut follower = Follower::start(&app, &[]).await;
    let mut pools = Follower::start(&app, &[("owner_id", id(&cluster))]).await;
    let mut only = Follower::start(&app, &[("id", id(&cluster)), ("kind", "Cluster")]).await;
    assert_eq!((follower.copy.len(), pools.copy.len(), only.copy.len()), (3, 2, 1));
    let (all, some, one) = (follower.events.len(), pools.events.len(), only.events.len());
    app.delete(href(&cluster)).await.status(202);
    app.post(&format!("{}/force-delete", href(&cluster)), json!({"reason": "over"})).await.status(204);
    follower.until(|follower| follower.copy.is_empty()).await;
    assert_eq!(follower.types()[all..all + 3], ["MODIFIED updated -"; 3]);
    assert_eq!(follower.types()[all + 3..], ["DELETED removed deleted"; 3]);
    pools.until(|follower| follower.copy.is_empty()).await;
    assert_eq!(pools.events.len(), some + 4);
    only.until(|follower| follower.copy.is_empty()).await;
    assert_eq!(only.events.len(), one + 2);
}

async fn the_present_state_comes_first_page_by_page(app: TestApp) {
    let mut clusters = Vec::new();
    for number in 0..5 {
        clusters.push(app.a_cluster().named(&format!("cluster-{number}")).create().await);
        app.a_node_pool(id(&clusters[0])).named(&format!("pool-{number}")).create().await;
    }
    let mut follower = Follower::since(&app, "", &[("limit", "2")]);
    let mut pages = 0;
    loop {
        let (answer, count) = follower.ask(&[]).await;
        assert!(count <= 2);
        // A change during the initial list is delivered after it.
        app.patch(href(&clusters[4]), json!({"labels": {"page": pages.to_string()}})).await.status(200);
        pages += 1;
        if answer.at("/more") == false {
            break;
        }
        assert!(pages < 100, "it never ends");
    }
    follower.until_it_agrees().await;
    assert_eq!(follower.copy.len(), 10);
    assert_eq!(follower.types()[..10], ["ADDED - -"; 10]);
}

async fn a_list_and_the_changes_after_it_leave_no_gap(app: TestApp) {
    Follower::now(&app, &[]).await;
    let writes = async {
        for number in 0..60 {
            let cluster = app.a_cluster().named(&format!("cluster-{number}")).create().await;
            if number % 3 == 0 {
                app.delete(href(&cluster)).await.status(202);
            }
        }
    };
    let lists = async {
        let mut followers = Vec::new();
        for _ in 0..10 {
            let list = app.list("clusters", &[("size", "500")]).await;
            let mut follower = Follower::since(&app, &list.text_at("/position"), &[]);
            for item in list.at("/items").as_array().expect("items") {
                follower.copy.insert(item["id"].as_str().expect("an id").into(), item.clone());
            }
            followers.push(follower);
        }
        followers
    };
    let ((), followers) = tokio::join!(writes, lists);
    for mut follower in followers {
        follower.until_it_agrees().await;
    }
}

async fn a_walk_by_cursor_keeps_the_position_of_its_first_page(app: TestApp) {
    Follower::now(&app, &[]).await;
    for number in 0..5 {
        app.a_cluster().named(&format!("cluster-{number}")).create().await;
    }
    let mut list = app.list("clusters", &[("size", "2")]).await;
    let position = list.text_at("/position");
    while let Some(next) = list.body["next"].as_str().map(str::to_owned) {
        let mut follower = Follower::since(&app, &position, &[]);
        app.a_cluster().named(&format!("late-{}", app.now().timestamp())).create().await;
        app.advance(TimeDelta::seconds(1));
        follower.until(|follower| !follower.events.is_empty()).await;
        list = app.list("clusters", &[("size", "2"), ("cursor", &next)]).await;
        assert_eq!(list.text_at("/position"), position);
    }
}

async fn only_the_fields_that_are_asked_for_are_told(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let mut follower = Follower::start(&app, &[("fields", "name,status.phase")]).await;
    let shown = json!({"id": cluster["id"], "name": "alpha", "status": {"phase": "NotReady"}});
    assert_eq!(follower.copy[id(&cluster)], shown);
    app.patch(href(&cluster), json!({"labels": {"a": "b"}})).await.status(200);
    let before = follower.events.len();
    follower.until(|follower| follower.events.len() > before).await;
    assert_eq!(follower.copy[id(&cluster)], shown);
}
