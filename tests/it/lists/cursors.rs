//! Reading a list by cursor while it changes.

use super::clusters;
use crate::harness::{TestApp, report};
use crate::statuses::{href, id};
use serde_json::json;
use std::collections::BTreeMap;

crate::engines![
    a_walk_visits_each_item_exactly_once_whatever_comes_and_goes,
    a_walk_over_values_that_are_absent_visits_each,
    a_walk_over_a_search_visits_what_matches,
    a_walk_ends_without_a_cursor,
    a_cursor_is_good_for_its_list_only,
];

async fn a_walk_visits_each_item_exactly_once_whatever_comes_and_goes(app: TestApp) {
    let orders = ["", "created_time", "name desc", "generation desc, name", "created_by, id desc"];
    for (number, order) in orders.into_iter().enumerate() {
        let app = TestApp::start(app.engine).await;
        let all = clusters(&app, 12).await;
        let (mut seen, mut cursor, mut step) = (BTreeMap::new(), String::new(), 0);
        loop {
            let list = app.list("clusters", &[("size", "3"), ("order", order), ("cursor", &cursor)]).await;
            for name in list.status(200).names() {
                *seen.entry(name).or_insert(0) += 1;
            }
            // Other resources are created, deleted and reported on between pages.
            app.a_cluster().named(&format!("a{number}{step}-new")).create().await;
            app.a_cluster().named(&format!("z{number}{step}-new")).create().await;
            if step < 2 {
                app.delete(href(&all[5 + step])).await.status(202);
            }
            app.report(href(&all[step % 5]), report("dns", 1, &[("Available", "True")])).await.status(201);
            step += 1;
            let Some(next) = list.body["next"].as_str() else { break };
            cursor = next.to_owned();
        }
        for cluster in all.iter().enumerate().filter(|(place, _)| !(5..7).contains(place)).map(|(_, c)| c) {
            let name = cluster["name"].as_str().expect("a name");
            assert_eq!(seen.get(name), Some(&1), "{name}, order {order:?}: {seen:?}");
        }
        assert!(seen.values().all(|times| *times == 1), "order {order:?}: {seen:?}");
    }
}

async fn a_walk_over_values_that_are_absent_visits_each(app: TestApp) {
    let all = clusters(&app, 7).await;
    for cluster in &all {
        app.report(href(cluster), report("dns", 1, &[("Available", "True")])).await.status(201);
    }
    for cluster in [&all[1], &all[4], &all[6]] {
        app.delete(href(cluster)).await.status(202);
        app.advance(chrono::TimeDelta::seconds(1));
    }
    for order in ["deleted_time", "deleted_time desc", "deleted_by, name", "deleted_by desc, name desc"] {
        let whole = app.list("clusters", &[("order", order)]).await.status(200).names();
        assert_eq!(walk(&app, "clusters", &[("order", order), ("size", "2")]).await, whole, "{order}");
        assert_eq!(whole.len(), 7);
    }
}

/// Returns the names on all pages, following the cursors.
async fn walk(app: &TestApp, path: &str, parameters: &[(&str, &str)]) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    for _ in 0..100 {
        let mut all = parameters.to_vec();
        all.push(("cursor", &cursor));
        let list = app.list(path, &all).await;
        names.extend(list.status(200).names());
        match list.body["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return names,
        }
    }
    panic!("the walk does not end");
}

async fn a_walk_over_a_search_visits_what_matches(app: TestApp) {
    let all = clusters(&app, 9).await;
    for name in ["pool-a", "pool-b", "pool-c"] {
        app.a_node_pool(id(&all[0])).named(name).create().await;
        app.a_node_pool(id(&all[1])).named(name).create().await;
    }
    let found =
        walk(&app, "clusters", &[("search", "name > 'c-03'"), ("order", "name"), ("size", "2")]).await;
    assert_eq!(found, ["c-04", "c-05", "c-06", "c-07", "c-08"]);
    let path = format!("{}/nodepools", href(&all[1]));
    assert_eq!(walk(&app, &path, &[("order", "name"), ("size", "1")]).await, ["pool-a", "pool-b", "pool-c"]);
    let everywhere = walk(&app, "nodepools", &[("order", "href"), ("size", "4")]).await;
    assert_eq!(everywhere.len(), 6);
}

async fn a_walk_ends_without_a_cursor(app: TestApp) {
    clusters(&app, 4).await;
    for (size, pages) in [("1", 4), ("2", 2), ("3", 2), ("4", 1), ("5", 1)] {
        let (mut cursor, mut walked) = (String::new(), 0);
        loop {
            let list = app.list("clusters", &[("size", size), ("cursor", &cursor), ("page", "7")]).await;
            let list = if walked == 0 { app.list("clusters", &[("size", size)]).await } else { list };
            walked += 1;
            assert_eq!(list.status(200).at("/total"), 4);
            match list.body["next"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(walked, pages, "size {size}");
    }
}

async fn a_cursor_is_good_for_its_list_only(app: TestApp) {
    let all = clusters(&app, 3).await;
    for name in ["pool-a", "pool-b"] {
        app.a_node_pool(id(&all[0])).named(name).create().await;
        app.a_node_pool(id(&all[1])).named(name).create().await;
    }
    let first = app.list("clusters", &[("size", "1"), ("order", "name"), ("search", "name like 'c%'")]).await;
    let cursor = first.status(200).text_at("/next");
    let good = [("cursor", cursor.as_str()), ("order", "name"), ("search", "name like 'c%'")];
    assert_eq!(app.list("clusters", &good).await.status(200).names(), ["c-01", "c-02"]);
    let others = [
        ("clusters", vec![("cursor", cursor.as_str()), ("order", "name")]),
        ("clusters", vec![("cursor", cursor.as_str()), ("order", "name"), ("search", "name like 'd%'")]),
        ("clusters", vec![("cursor", cursor.as_str()), ("search", "name like 'c%'")]),
        ("clusters", vec![("cursor", cursor.as_str()), ("order", "name desc"), ("search", "name like 'c%'")]),
        ("nodepools", good.to_vec()),
    ];
    for (path, parameters) in others {
        app.list(path, &parameters).await.problem(400, "HYPERFLEET-VAL-005");
    }
    let paths = [&all[0], &all[1]].map(|cluster| format!("{}/nodepools", href(cluster)));
    let nested = app.list(&paths[0], &[("size", "1")]).await.status(200).text_at("/next");
    app.list(&paths[0], &[("cursor", &nested)]).await.status(200);
    app.list(&paths[1], &[("cursor", &nested)]).await.problem(400, "HYPERFLEET-VAL-005");
    assert_eq!(app.list("clusters", &[("cursor", "")]).await.status(200).at("/total"), &json!(3));
}
