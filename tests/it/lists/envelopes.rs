//! The envelope of a list: all fields besides the items.

use super::{clusters, numbers};
use crate::harness::TestApp;
use crate::statuses::{href, id};
use serde_json::json;

crate::engines![
    each_list_says_what_it_is,
    an_empty_list_is_a_list,
    a_page_has_at_most_size_items_and_the_total_of_all,
    a_page_past_the_end_is_empty_and_has_the_total,
    without_total_nothing_is_counted,
    blank_values_count_as_absent_and_unknown_parameters_are_ignored,
    a_list_of_a_cluster_holds_its_node_pools_whatever_the_search,
    the_page_size_is_100_unless_said_and_500_at_most,
    items_are_what_a_read_answers,
];

async fn each_list_says_what_it_is(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    for (path, kind) in [
        ("clusters".to_owned(), "ClusterList"),
        ("nodepools".into(), "NodePoolList"),
        (format!("{}/nodepools", href(&cluster)), "NodePoolList"),
    ] {
        let list = app.get(&path).await;
        assert_eq!(list.status(200).at("/kind"), kind);
        numbers(&list.body, 1, 1, 1);
        assert_eq!(list.body.get("next"), None);
    }
    for path in [format!("{}/statuses", href(&cluster)), format!("nodepools/{}/statuses", id(&pool))] {
        let list = app.get(&path).await;
        list.status(200)
            .list(&json!({"kind": "AdapterStatusList", "page": 1, "size": 0, "total": 0, "items": []}));
    }
}

async fn an_empty_list_is_a_list(app: TestApp) {
    let empty = |kind: &str| json!({"kind": kind, "page": 1, "size": 0, "total": 0, "items": []});
    app.get("clusters").await.status(200).list(&empty("ClusterList"));
    app.get("nodepools").await.status(200).list(&empty("NodePoolList"));
    let probe = app.get("clusters?search=labels.non_existing_label%3D%27value%27&size=1").await;
    probe.status(200).list(&empty("ClusterList"));
    let unencoded = app.get("clusters?search=labels.non_existing_label='value'&size=1").await;
    unencoded.status(200).list(&empty("ClusterList"));
}

async fn a_page_has_at_most_size_items_and_the_total_of_all(app: TestApp) {
    clusters(&app, 5).await;
    for size in ["size", "pageSize"] {
        for (page, names) in [("1", vec!["c-04", "c-03"]), ("2", vec!["c-02", "c-01"]), ("3", vec!["c-00"])] {
            let list = app.list("clusters", &[("page", page), (size, "2")]).await;
            assert_eq!(list.status(200).names(), names);
            numbers(&list.body, page.parse().expect("a number"), names.len() as u64, 5);
        }
    }
}

async fn a_page_past_the_end_is_empty_and_has_the_total(app: TestApp) {
    clusters(&app, 3).await;
    for page in ["3", "100001", "1000000000000"] {
        let list = app.list("clusters", &[("page", page), ("size", "2")]).await;
        assert_eq!(list.status(200).at("/items"), &json!([]));
        numbers(&list.body, page.parse().expect("a number"), 0, 3);
        assert_eq!(list.body.get("next"), None);
    }
    let found = app.list("clusters", &[("page", "2"), ("search", "name = 'c-01'")]).await;
    numbers(&found.status(200).body, 2, 0, 1);
}

async fn without_total_nothing_is_counted(app: TestApp) {
    clusters(&app, 3).await;
    let list = app.list("clusters", &[("total", "false"), ("size", "2")]).await;
    assert_eq!(list.status(200).names(), ["c-02", "c-01"]);
    assert_eq!(list.body.get("total"), None);
    assert!(list.at("/next").is_string());
    let list = app.list("clusters", &[("total", "true")]).await;
    numbers(&list.status(200).body, 1, 3, 3);
}

async fn blank_values_count_as_absent_and_unknown_parameters_are_ignored(app: TestApp) {
    clusters(&app, 2).await;
    let plain = app.get("clusters").await;
    let names = ["page", "size", "pageSize", "search", "order", "orderBy", "fields", "cursor", "total"];
    for name in names {
        for blank in ["", " ", "\t"] {
            app.list("clusters", &[(name, blank)]).await.status(200).list(&plain.body);
        }
        app.get(&format!("clusters?{name}")).await.status(200).list(&plain.body);
    }
    let unknown = [("colour", "red"), ("Page", "0"), ("limit", "x"), ("", "x")];
    app.list("clusters", &unknown).await.status(200).list(&plain.body);
}

async fn a_list_of_a_cluster_holds_its_node_pools_whatever_the_search(app: TestApp) {
    let mine = app.a_cluster().create().await;
    let other = app.a_cluster().named("other").create().await;
    for name in ["pool-a", "pool-b"] {
        app.a_node_pool(id(&mine)).named(name).create().await;
    }
    app.a_node_pool(id(&other)).named("pool-c").create().await;
    let path = format!("{}/nodepools", href(&mine));
    for (search, names) in [
        ("", vec!["pool-a", "pool-b"]),
        ("name = 'pool-a' or name = 'pool-c'", vec!["pool-a"]),
        ("name != 'x' or kind = 'Cluster'", vec!["pool-a", "pool-b"]),
        ("not (name = 'pool-a')", vec!["pool-b"]),
        (&format!("owner_id = '{}'", id(&other)), vec![]),
        (&format!("owner_id = '{}' or name like '%'", id(&other)), vec!["pool-a", "pool-b"]),
        ("kind = 'Cluster'", vec![]),
    ] {
        let list = app.list(&path, &[("search", search), ("order", "name")]).await;
        assert_eq!(list.status(200).names(), names, "{search}");
        assert_eq!(list.at("/total"), names.len(), "{search}");
    }
    for escape in ["name='x') or (name='pool-c'", "name='x' or 1=1", "name='x'; select 1", "name='x' -- "] {
        app.list(&path, &[("search", escape)]).await.problem(400, "HYPERFLEET-VAL-005");
    }
    let all = app.list("nodepools", &[("search", &format!("owner_id = '{}'", id(&other)))]).await;
    assert_eq!(all.status(200).names(), ["pool-c"]);
    let clusters = app.list("clusters", &[("search", "kind != 'Cluster' or name like 'pool%'")]).await;
    assert_eq!(clusters.status(200).at("/total"), 0);
    app.get("clusters/01900000-0000-7000-8000-000000000000/nodepools")
        .await
        .problem(404, "HYPERFLEET-NTF-001");
}

async fn the_page_size_is_100_unless_said_and_500_at_most(app: TestApp) {
    for number in 0..101 {
        app.a_cluster().named(&format!("cluster-{number}")).create().await;
    }
    numbers(&app.get("clusters").await.status(200).body, 1, 100, 101);
    numbers(&app.get("clusters?size=500").await.status(200).body, 1, 101, 101);
    let refused = app.get("clusters?size=501").await;
    refused.problem(400, "HYPERFLEET-VAL-000");
    assert!(refused.text_at("/errors/0/message").contains("500"), "{}", refused.text);
}

async fn items_are_what_a_read_answers(app: TestApp) {
    let cluster = app.a_cluster().labelled("env", "test").create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    assert_eq!(app.get("clusters").await.at("/items/0"), &cluster);
    assert_eq!(app.get("nodepools").await.at("/items/0"), &pool);
    app.get(&format!("nodepools/{}", id(&pool))).await.status(200).body(&pool);
    app.get(href(&pool)).await.status(200).body(&pool);
    assert_eq!(href(&pool), format!("{}/nodepools/{}", href(&cluster), id(&pool)));
    let owner = json!({"id": cluster["id"], "kind": "Cluster", "href": cluster["href"]});
    assert_eq!(pool["owner_references"], owner);
}
