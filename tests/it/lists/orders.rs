//! The order of lists.

use super::clusters;
use crate::harness::TestApp;
use crate::statuses::href;
use chrono::TimeDelta;
use serde_json::json;

crate::engines![
    the_newest_comes_first_unless_said,
    an_order_is_a_list_of_fields_and_directions,
    order_by_takes_its_direction_inline_or_from_order,
    every_field_of_the_order_orders,
    equals_are_ordered_by_id,
    an_order_names_eight_fields_at_the_most,
];

async fn the_newest_comes_first_unless_said(app: TestApp) {
    clusters(&app, 4).await;
    assert_eq!(app.get("clusters").await.status(200).names(), ["c-03", "c-02", "c-01", "c-00"]);
    let asked = app.list("clusters", &[("order", "created_time desc")]).await;
    assert_eq!(asked.status(200).names(), ["c-03", "c-02", "c-01", "c-00"]);
    let oldest = app.list("clusters", &[("order", "created_time")]).await;
    assert_eq!(oldest.status(200).names(), ["c-00", "c-01", "c-02", "c-03"]);
}

/// Creates clusters a, b, c, d with the generations 1, 2, 2, 1.
async fn of_two_generations(app: &TestApp) {
    for name in ["ccc", "aaa", "ddd", "bbb"] {
        let cluster = app.a_cluster().named(name).create().await;
        app.advance(TimeDelta::seconds(1));
        if matches!(name, "bbb" | "ccc") {
            app.patch(href(&cluster), json!({"spec": {}})).await.status(200);
        }
    }
}

async fn an_order_is_a_list_of_fields_and_directions(app: TestApp) {
    of_two_generations(&app).await;
    for (order, names) in [
        ("name", ["aaa", "bbb", "ccc", "ddd"]),
        ("name asc", ["aaa", "bbb", "ccc", "ddd"]),
        ("name desc", ["ddd", "ccc", "bbb", "aaa"]),
        (" name  DESC ,", ["ddd", "ccc", "bbb", "aaa"]),
        ("generation desc, name", ["bbb", "ccc", "aaa", "ddd"]),
        ("generation,name desc", ["ddd", "aaa", "ccc", "bbb"]),
        ("kind, name", ["aaa", "bbb", "ccc", "ddd"]),
        ("generation desc, created_time", ["ccc", "bbb", "aaa", "ddd"]),
        ("name desc, created_time", ["ddd", "ccc", "bbb", "aaa"]),
    ] {
        let list = app.list("clusters", &[("order", order)]).await;
        assert_eq!(list.status(200).names(), names, "{order}");
    }
    let repeated = app.list("clusters", &[("order", "generation"), ("order", "name desc")]).await;
    assert_eq!(repeated.status(200).names(), ["ddd", "aaa", "ccc", "bbb"]);
}

async fn order_by_takes_its_direction_inline_or_from_order(app: TestApp) {
    of_two_generations(&app).await;
    for (order_by, order, names) in [
        ("name", "", ["aaa", "bbb", "ccc", "ddd"]),
        ("name", "desc", ["ddd", "ccc", "bbb", "aaa"]),
        ("name", "asc", ["aaa", "bbb", "ccc", "ddd"]),
        ("name desc", "", ["ddd", "ccc", "bbb", "aaa"]),
        ("name asc", "desc", ["aaa", "bbb", "ccc", "ddd"]),
        ("generation,name", "desc", ["ccc", "bbb", "ddd", "aaa"]),
        ("generation", "name desc", ["ddd", "aaa", "ccc", "bbb"]),
        ("generation desc", "created_time", ["ccc", "bbb", "aaa", "ddd"]),
        ("name,", "desc", ["ddd", "ccc", "bbb", "aaa"]),
        ("", "desc", ["bbb", "ddd", "aaa", "ccc"]),
        ("", "asc", ["ccc", "aaa", "ddd", "bbb"]),
    ] {
        let list = app.list("clusters", &[("orderBy", order_by), ("order", order)]).await;
        assert_eq!(list.status(200).names(), names, "orderBy={order_by} order={order}");
    }
}

async fn every_field_of_the_order_orders(app: TestApp) {
    of_two_generations(&app).await;
    let fields = [
        "id",
        "name",
        "href",
        "generation",
        "created_time",
        "updated_time",
        "deleted_time",
        "created_by",
        "updated_by",
        "deleted_by",
        "status.phase",
        "status.observed_generation",
        "status.last_updated_time",
        "status.last_transition_time",
    ];
    for field in fields {
        for path in ["clusters", "nodepools"] {
            let there = app.list(path, &[("order", field)]).await.status(200).names();
            let mut back = app.list(path, &[("order", &format!("{field} desc"))]).await.status(200).names();
            back.reverse();
            assert_eq!(there, back, "{field}");
        }
    }
}

async fn equals_are_ordered_by_id(app: TestApp) {
    // All are created at the same time of the clock.
    for number in 0..20 {
        app.a_cluster().named(&format!("c-{number:02}")).create().await;
    }
    let ids = async |order: &str| -> Vec<String> {
        let list = app.list("clusters", &[("order", order)]).await;
        let items = list.status(200).at("/items").as_array().expect("items").iter();
        items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
    };
    let up = ids("generation").await;
    assert!(up.is_sorted(), "{up:?}");
    let mut down = ids("generation desc").await;
    down.reverse();
    assert_eq!(up, down);
}

async fn an_order_names_eight_fields_at_the_most(app: TestApp) {
    clusters(&app, 2).await;
    let eight = "name,generation,created_by,updated_by,updated_time,created_time desc,name,id";
    assert_eq!(app.list("clusters", &[("order", eight)]).await.status(200).names(), ["c-00", "c-01"]);
    let nine = format!("{eight},name");
    app.list("clusters", &[("order", &nine)]).await.problem(400, "HYPERFLEET-VAL-005");
}
