//! Reading a large fleet by cursor while it changes.

use crate::harness::{Engine, TestApp, report};
use sea_orm::{ConnectionTrait, Database};
use serde_json::json;
use std::collections::HashMap;

crate::engines![
    a_walk_meets_each_cluster_that_stays_exactly_once_whatever_comes_and_goes,
    pages_far_away_are_exact_whenever_they_are_read,
];

const FLEET: usize = 50_000;

/// Inserts the fleet directly into the database: creating it over HTTP would take a minute.
async fn add_fleet(app: &TestApp) {
    let (numbers, id) = match app.engine {
        Engine::Sqlite => (
            format!(
                "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {FLEET}) SELECT n FROM s)"
            ),
            "unhex(printf('%012x70008000000000000000', 1760000000000 + n))",
        ),
        Engine::Postgres => (
            format!("(SELECT n FROM generate_series(1, {FLEET}) AS s(n)) AS s"),
            "('0' || to_hex(1760000000000 + n) || '70008000000000000000')::uuid",
        ),
    };
    let at = "'2025-10-09T08:53:20+00:00'";
    let insert = format!(
        "INSERT INTO clusters (id, name, generation, revision, spec, labels, phase, observed_generation,
             status_updated_time, status_transition_time, conditions, adapters, reconciled,
             reconciled_updated_time, reconciled_bucket, created_time, updated_time, created_by, updated_by)
         SELECT {id}, 'fleet-' || n, 1, 1, '{{}}', '{{}}', 'NotReady', 0, {at}, {at}, '[]', '[]', false, {at}, 1,
             {at}, {at}, 'x', 'x' FROM {numbers}"
    );
    let database = Database::connect(&app.database_url).await.expect("a connection");
    database.execute_unprepared(&insert).await.expect("a fleet");
    database.close().await.expect("it closes");
}

async fn a_walk_meets_each_cluster_that_stays_exactly_once_whatever_comes_and_goes(app: TestApp) {
    add_fleet(&app).await;
    let total = app.list("clusters", &[("size", "1")]).await;
    assert_eq!(total.at("/total"), FLEET);
    let (mut met, mut cursor, mut page) = (HashMap::<String, u32>::new(), None::<String>, 0);
    loop {
        let mut asked = vec![("size", "500"), ("order", "name"), ("total", "false"), ("fields", "name")];
        asked.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let answer = app.list("clusters", &asked).await;
        answer.status(200);
        for name in answer.names() {
            *met.entry(name).or_default() += 1;
        }
        change(&app, page, &answer.text_at("/items/0/id")).await;
        page += 1;
        match answer.body["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert!(met.values().all(|times| *times == 1), "a cluster was met twice");
    let stayed = (1..=FLEET).map(|number| format!("fleet-{number}"));
    let missed: Vec<String> = stayed.filter(|name| !met.contains_key(name)).collect();
    assert_eq!(missed, Vec::<String>::new());
}

/// Between two pages, creates clusters, removes them on every second page, and reports on a cluster of the last page.
async fn change(app: &TestApp, page: usize, met: &str) {
    for place in ["aaa", "fleet-3", "zzz"] {
        let name = format!("{place}-{page}-new");
        let new = app.post("clusters", json!({"name": name, "spec": {}})).await;
        let path = new.status(201).text_at("/href");
        if page.is_multiple_of(2) {
            app.delete(&path).await.status(202);
        }
    }
    app.report(&format!("clusters/{met}"), report("dns", 1, &[("Available", "True")])).await.status(201);
}

async fn pages_far_away_are_exact_whenever_they_are_read(app: TestApp) {
    add_fleet(&app).await;
    // The number of clusters that are newer than the fleet.
    for newer in 0..3 {
        for page in [400, 400, 399, 401, 120, 400, 1] {
            let asked = [("size", "100"), ("page", &page.to_string()), ("fields", "name")];
            let answer = app.list("clusters", &asked).await;
            assert_eq!(answer.status(200).at("/total"), FLEET + newer);
            let names = answer.names();
            let first = (page - 1) * 100;
            let wanted = (first..first + 100).filter(|place| *place >= newer);
            let wanted: Vec<_> = wanted.map(|place| format!("fleet-{}", FLEET + newer - place)).collect();
            assert_eq!(names[100 - wanted.len()..], wanted, "page {page} below {newer} newer ones");
        }
        app.a_cluster().named(&format!("newer-{newer}")).create().await;
    }
}
