//! PATCH: the fields that it changes, and when it raises the generation.

use crate::harness::{Answer, TestApp};
use crate::statuses::href;
use chrono::TimeDelta;
use serde_json::{Value, json};

crate::engines![
    a_section_is_replaced_whole_and_the_other_left,
    a_change_of_both_sections_is_one_generation,
    equality_is_of_json_and_not_of_text,
    labels_that_went_are_found_no_longer,
    a_change_says_when_it_was,
    a_clock_that_is_behind_moves_no_time_back,
];

async fn a_section_is_replaced_whole_and_the_other_left(app: TestApp) {
    let cluster = app.a_cluster().labelled("env", "test").labelled("tier", "a").create().await;
    let change = async |body: Value| app.patch(href(&cluster), body).await.status(200).body.clone();
    let changed = change(json!({"spec": {"new": 1}})).await;
    assert_eq!((&changed["spec"], &changed["labels"]), (&json!({"new": 1}), &cluster["labels"]));
    let changed = change(json!({"labels": {"env": "production"}, "spec": null})).await;
    assert_eq!((&changed["spec"], &changed["labels"]), (&json!({"new": 1}), &json!({"env": "production"})));
    let changed = change(json!({"labels": {}})).await;
    assert_eq!(changed["labels"], json!({}));
    let changed = change(json!({"spec": {}, "labels": null})).await;
    assert_eq!((&changed["spec"], &changed["generation"]), (&json!({}), &json!(5)));
    app.get(href(&cluster)).await.status(200).body(&changed);
}

async fn a_change_of_both_sections_is_one_generation(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let both = json!({"spec": {"x": 1}, "labels": {"a": "b"}});
    assert_eq!(app.patch(href(&cluster), both.clone()).await.status(200).at("/generation"), 2);
    assert_eq!(app.patch(href(&cluster), both).await.status(200).at("/generation"), 2);
    let one_of_two = json!({"spec": {"x": 1}, "labels": {"a": "c"}});
    assert_eq!(app.patch(href(&cluster), one_of_two).await.status(200).at("/generation"), 3);
}

async fn equality_is_of_json_and_not_of_text(app: TestApp) {
    let cluster = app.a_cluster().spec(json!({"a": 1, "b": {"c": [1, 2], "d": "é"}})).create().await;
    let patch = async |text: &str| {
        let request = app.request("PATCH", href(&cluster)).header("content-type", "application/json");
        let answer = Answer::of(request.body(text.to_owned())).await;
        answer.status(200).at("/generation").as_i64().expect("a number")
    };
    let same = r#"{ "spec" : { "b":{"d":"\u00e9", "c":[ 1,2 ]}, "a":1 } }"#;
    assert_eq!(patch(same).await, 1);
    assert_eq!(patch(r#"{"spec":{"a":1.0,"b":{"c":[1,2],"d":"é"}}}"#).await, 1);
    assert_eq!(patch(r#"{"spec":{"a":1,"b":{"c":[2,1],"d":"é"}}}"#).await, 2);
    assert_eq!(patch(r#"{"spec":{"a":"1","b":{"c":[2,1],"d":"é"}}}"#).await, 3);
    assert_eq!(patch(r#"{"spec":{"a":"1","b":{"c":[2,1],"d":"é"},"e":null}}"#).await, 4);
}

async fn labels_that_went_are_found_no_longer(app: TestApp) {
    let cluster = app.a_cluster().labelled("env", "test").labelled("tier", "a").create().await;
    let found =
        async |search: &str| app.list("clusters", &[("search", search)]).await.status(200).names().len();
    app.patch(href(&cluster), json!({"labels": {"env": "production", "new": "x"}})).await.status(200);
    for (search, count) in [
        ("labels.env = 'test'", 0),
        ("labels.env = 'production'", 1),
        ("labels.tier = 'a'", 0),
        ("labels.tier is null", 1),
        ("labels.new = 'x'", 1),
    ] {
        assert_eq!(found(search).await, count, "{search}");
    }
}

async fn a_change_says_when_it_was(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    app.advance(TimeDelta::minutes(1));
    let changed = app.patch(href(&cluster), json!({"spec": {}})).await;
    assert_eq!(changed.status(200).at("/updated_time"), "2026-01-02T03:05:05.678901Z");
    assert_eq!(changed.at("/created_time"), &cluster["created_time"]);
    app.advance(TimeDelta::minutes(1));
    let same = app.patch(href(&cluster), json!({"spec": {}})).await;
    assert_eq!(same.status(200).at("/updated_time"), "2026-01-02T03:05:05.678901Z");
}

/// The clocks of replicas differ.
async fn a_clock_that_is_behind_moves_no_time_back(app: TestApp) {
    let app = TestApp::with(app.engine, &[("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "dns")]).await;
    let cluster = app.a_cluster().create().await;
    let created = &cluster["created_time"];
    app.advance(TimeDelta::seconds(-2));
    let patched = app.patch(href(&cluster), json!({"spec": {"x": 1}})).await;
    assert_eq!((patched.status(200).at("/updated_time"), patched.at("/generation")), (created, &json!(2)));
    let report = crate::harness::report("dns", 2, &[("Available", "True")]);
    app.report(href(&cluster), report).await.status(201);
    let deleted = app.delete(href(&cluster)).await;
    for field in ["/updated_time", "/deleted_time"] {
        assert_eq!(deleted.status(202).at(field), created, "{field}");
    }
}
