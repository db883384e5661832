//! Numbered pages and totals while the list changes: whatever the service caches, they must equal the result of
//! counting and skipping the items.

use super::numbers;
use crate::harness::{Process, TestApp, report};
use crate::search_oracle::Random;
use crate::statuses::{href, id};
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

crate::engines![
    pages_of_a_changing_fleet_are_those_of_the_whole_list,
    a_walk_is_exact_while_others_come_and_go,
    pages_of_a_nested_list_are_its_own,
    a_row_that_the_service_did_not_write_is_found_out,
    a_change_that_cannot_be_read_is_counted_all_the_same,
];

/// Searches and orders. Times of the status may change without an entry in the log of changes.
const LISTS: [(&str, &str); 9] = [
    ("", ""),
    ("", "name desc"),
    ("labels.env='production'", ""),
    ("labels.env='production' and status.phase='NotReady'", "generation desc, name"),
    ("not labels.env='production'", "updated_time desc"),
    ("status.conditions.Reconciled='False'", ""),
    ("spec.size > 5 or name like 'c-1%'", "name"),
    ("deleted_time is null", "deleted_time desc, created_time"),
    ("status.last_updated_time > '2020-01-01T00:00:00Z'", "status.last_updated_time"),
];

/// Returns the names in a list, in order, read by following its cursors.
async fn whole(app: &TestApp, search: &str, order: &str) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let asked =
            [("search", search), ("order", order), ("size", "50"), ("total", "false"), ("cursor", &cursor)];
        let answer = app.list("clusters", &asked).await;
        names.extend(answer.status(200).names());
        match answer.body["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return names,
        }
    }
}

/// Compares a page with the corresponding part of the whole list.
async fn expect_page(app: &TestApp, (search, order): (&str, &str), page: usize, size: usize, all: &[String]) {
    let asked =
        [("search", search), ("order", order), ("page", &page.to_string()), ("size", &size.to_string())];
    let answer = app.list("clusters", &asked).await;
    let wanted: Vec<String> = all.iter().skip((page - 1) * size).take(size).cloned().collect();
    assert_eq!(answer.status(200).names(), wanted, "page {page} of {size}, {search:?} by {order:?}");
    numbers(&answer.body, page as u64, wanted.len() as u64, all.len() as u64);
}

/// Makes a random change to one cluster: create, delete, label, modify or report.
async fn change(app: &TestApp, random: &mut Random, fleet: &mut Vec<Value>, number: usize) {
    app.advance(TimeDelta::milliseconds(random.below(1500) as i64));
    let cluster = random.pick(fleet).clone();
    let generation = app.get(href(&cluster)).await.body["generation"].as_i64().unwrap_or(1);
    match random.below(6) {
        0 => {
            let new = app.a_cluster().named(&format!("c-{number:03}"));
            let new = if random.once_in(2) { new.labelled("env", "production") } else { new };
            fleet.push(new.spec(json!({"size": random.below(10)})).create().await);
        }
        1 => {
            app.delete(href(&cluster)).await;
        }
        2 => {
            let env = random.pick(&["production", "staging"]);
            app.patch(href(&cluster), json!({"labels": {"env": env}})).await;
        }
        3 => {
            app.patch(href(&cluster), json!({"spec": {"size": random.below(10)}})).await;
        }
        4 => {
            let available = random.pick(&["True", "False"]);
            app.report(href(&cluster), report("dns", generation, &[("Available", available)])).await;
        }
        _ => {
            let conditions = [("Available", "True"), ("Applied", "False"), ("Finalized", "True")];
            app.report(href(&cluster), report("dns", generation, &conditions)).await;
        }
    }
}

async fn pages_of_a_changing_fleet_are_those_of_the_whole_list(app: TestApp) {
    let mut random = Random(12);
    let mut fleet = Vec::new();
    for number in 0..130 {
        let cluster = app.a_cluster().named(&format!("c-{number:03}"));
        let cluster = if number % 10 < 8 { cluster.labelled("env", "production") } else { cluster };
        fleet.push(cluster.spec(json!({"size": number % 10})).create().await);
    }
    for number in 130..250 {
        let list = *random.pick(&LISTS);
        let all = whole(&app, list.0, list.1).await;
        let size = *random.pick(&[1, 20, 50, 100]);
        for _ in 0..3 {
            let page = 1 + random.below(all.len() / size + 2);
            expect_page(&app, list, page, size, &all).await;
        }
        change(&app, &mut random, &mut fleet, number).await;
    }
    // Without concurrent changes, every page of every size.
    for list in LISTS {
        let all = whole(&app, list.0, list.1).await;
        for size in [7, 20, 100] {
            for page in 1..=all.len() / size + 2 {
                expect_page(&app, list, page, size, &all).await;
            }
        }
    }
}

/// The other clusters are not in the list, but the index must process their changes whenever a page is read.
async fn a_walk_is_exact_while_others_come_and_go(app: TestApp) {
    for number in 0..120 {
        app.a_cluster().named(&format!("c-{number:03}")).labelled("env", "production").create().await;
    }
    let list = ("labels.env='production'", "name");
    let all = whole(&app, list.0, list.1).await;
    let walking = async {
        for _ in 0..3 {
            for page in 1..=7 {
                expect_page(&app, list, page, 20, &all).await;
            }
        }
    };
    let changing = async {
        let mut number = 0;
        loop {
            let other =
                app.a_cluster().named(&format!("other-{number}")).labelled("env", "staging").create().await;
            app.report(href(&other), report("dns", 1, &[("Available", "True")])).await.status(201);
            app.delete(href(&other)).await.status(202);
            number += 1;
        }
    };
    tokio::select! {
        () = walking => {}
        () = changing => {}
    }
}

async fn pages_of_a_nested_list_are_its_own(app: TestApp) {
    let [first, second] = [app.a_cluster().named("first").create().await, app.a_cluster().create().await];
    for number in 0..5 {
        app.a_node_pool(id(&first)).named(&format!("p-{number}")).create().await;
        let path = format!("clusters/{}/nodepools", id(&first));
        let answer = app.list(&path, &[("size", "2"), ("page", "2"), ("order", "name")]).await;
        numbers(&answer.status(200).body, 2, (number.clamp(1, 3) - 1) as u64, number as u64 + 1);
        app.a_node_pool(id(&second)).named(&format!("p-{number}")).create().await;
        let all = app.list("nodepools", &[("size", "1")]).await;
        assert_eq!(all.status(200).at("/total"), 2 * (number + 1));
    }
}

/// Changes the database directly, without the service.
async fn behind(app: &TestApp, sql: &str) {
    let database = Database::connect(&app.database_url).await.expect("a connection");
    database.execute_unprepared(sql).await.expect(sql);
    database.close().await.expect("it closes");
}

async fn a_change_that_cannot_be_read_is_counted_all_the_same(app: TestApp) {
    for number in 0..30 {
        app.a_cluster().named(&format!("c-{number:02}")).create().await;
    }
    let all = whole(&app, "", "name").await;
    expect_page(&app, ("", "name"), 2, 20, &all).await;
    app.a_cluster().named("c-00-more").create().await;
    behind(&app, "UPDATE changes SET document = '{' WHERE seq = (SELECT max(seq) FROM changes)").await;
    let all = whole(&app, "", "name").await;
    assert_eq!(all.len(), 31);
    for page in [2, 1, 2] {
        expect_page(&app, ("", "name"), page, 20, &all).await;
    }
}

async fn a_row_that_the_service_did_not_write_is_found_out(app: TestApp) {
    for number in 0..30 {
        app.a_cluster().named(&format!("c-{number:02}")).create().await;
    }
    let all = whole(&app, "", "name").await;
    expect_page(&app, ("", "name"), 2, 20, &all).await;
    behind(&app, "DELETE FROM clusters WHERE name = 'c-03'").await;
    let all = whole(&app, "", "name").await;
    assert_eq!(all.len(), 29);
    expect_page(&app, ("", "name"), 2, 20, &all).await;
    expect_page(&app, ("", "name"), 1, 20, &all).await;
}

#[tokio::test]
async fn what_is_remembered_is_bounded_and_measured() {
    let process = Process::start(&[("HYPERFLEET_SERVER_PAGE_INDEX_MEMORY", "4KiB")]).await;
    let lists = format!("{}/api/hyperfleet/v1/clusters", process.url);
    // No index exists until the server has read the log of changes.
    process.metrics_until(|metrics| metrics.get("hyperfleet_changes_head", &[]).is_some()).await;
    for number in 0..30 {
        process.get(&format!("{lists}?search=name%3D%27c-{number}%27")).await.status(200);
    }
    let metrics = process.metrics().await;
    let value = |name: &str| metrics.get(name, &[]).expect(name);
    assert!((1.0..=8.0).contains(&value("hyperfleet_page_index_lists")), "{}", metrics.0);
    assert!((1.0..=4096.0).contains(&value("hyperfleet_page_index_bytes")), "{}", metrics.0);
    process.stop().await;
}
