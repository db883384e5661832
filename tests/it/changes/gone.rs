use super::Follower;
use crate::harness::{Engine, TestApp, Throwaway, service};
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use service::Clock;
use service::change::{Retention, remove_old};

crate::engines![
    a_position_of_another_log_is_gone,
    a_position_far_ahead_is_gone,
    what_was_removed_is_gone_and_never_left_out,
    what_a_new_log_left_of_the_last_one_is_removed_as_well,
    no_position_that_anyone_makes_up_is_an_internal_error,
];

const GONE: &str = "HYPERFLEET-GON-001";

async fn execute(app: &TestApp, sql: &str) {
    let database = Database::connect(&app.database_url).await.expect("the database");
    database.execute_unprepared(sql).await.expect(sql);
}

async fn a_position_of_another_log_is_gone(app: TestApp) {
    let position = Follower::now(&app, &[]).await.position;
    let digit = if position.starts_with('0') { "1" } else { "0" };
    let other = format!("{digit}{}", &position[1..]);
    app.list("changes", &[("since", &other)]).await.problem(410, GONE);
    let stream = app.request("GET", "changes").header("Accept", "application/x-ndjson");
    crate::harness::Answer::of(stream.query(&[("since", other)])).await.problem(410, GONE);
}

async fn a_position_far_ahead_is_gone(app: TestApp) {
    let position = Follower::now(&app, &[]).await.position;
    let (log, number) = position.split_once('-').expect("a number");
    let number: i64 = number.parse().expect("a number");
    let ahead = |by: i64| format!("{log}-{}", number + by);
    app.list("changes", &[("since", &ahead(30_000))]).await.problem(410, GONE);
    // Another replica may have read further.
    let answer = app.list("changes", &[("since", &ahead(3))]).await;
    assert_eq!(answer.status(200).text_at("/next"), ahead(3));
}

async fn what_was_removed_is_gone_and_never_left_out(app: TestApp) {
    let mut follower = Follower::now(&app, &[("limit", "1")]).await;
    for number in 0..4 {
        app.a_cluster().named(&format!("cluster-{number}")).create().await;
    }
    follower.until(|follower| follower.events.len() == 1).await;
    let first = follower.position.clone();
    follower.until(|follower| follower.events.len() == 2).await;
    let second = follower.position.clone();
    let number: i64 = second.split_once('-').expect("a number").1.parse().expect("a number");
    execute(
        &app,
        &format!("UPDATE change_log SET floor = {number}; DELETE FROM changes WHERE seq <= {number}"),
    )
    .await;
    // A new server has not read the removed changes, so it does not hold them in memory either.
    let app = app.replica(&[]).await;
    app.list("changes", &[("since", &first)]).await.problem(410, GONE);
    let mut exactly = Follower::since(&app, &second, &[]);
    exactly.until(|follower| follower.events.len() == 2).await;
}

/// A new log has its floor at the end of the previous log, whose changes still exist.
async fn what_a_new_log_left_of_the_last_one_is_removed_as_well(app: TestApp) {
    for number in 0..3 {
        app.a_cluster().named(&format!("cluster-{number}")).create().await;
    }
    execute(&app, "UPDATE change_log SET floor = (SELECT max(seq) FROM changes)").await;
    app.a_cluster().named("another").create().await;
    let context = service(app.database_url.clone(), Clock::system()).await;
    let retention = Retention { time: TimeDelta::days(36_500), max_changes: 1 };
    remove_old(&context, retention).await.expect("a removal");
    let rows = context.db.primary().query_one_raw(Statement::from_string(
        context.db.primary().get_database_backend(),
        "SELECT count(*) FROM changes",
    ));
    let rows: i64 = rows.await.expect("a count").expect("a row").try_get_by_index(0).expect("a number");
    assert_eq!(rows, 1);
    context.db.close().await;
}

async fn no_position_that_anyone_makes_up_is_an_internal_error(app: TestApp) {
    let position = Follower::now(&app, &[]).await.position;
    let log = position.split_once('-').expect("a number").0;
    let nil = "0".repeat(32);
    for text in [
        format!("{log}-"),
        format!("{log}--1"),
        format!("{log}-99999999999999999999"),
        format!("{log}-0-C"),
        format!("{log}-0-X{nil}"),
        format!("{log}-0-N{}", "f".repeat(33)),
        format!("{log}-é"),
        "💥".repeat(100),
        "-".repeat(5000),
        "' or 1=1 --".into(),
        "\u{1}".into(),
    ] {
        app.list("changes", &[("since", &text)]).await.problem(400, "HYPERFLEET-VAL-005");
    }
    for text in [format!("{log}-0-N{nil}"), format!("{log}-0-C{}", "f".repeat(32))] {
        app.list("changes", &[("since", &text)]).await.status(200);
    }
}

/// Returns the number of clusters in the database, or `None` if the table does not exist yet.
async fn clusters(database: &DatabaseConnection) -> Option<i64> {
    let count = Statement::from_string(DbBackend::Postgres, "SELECT count(*) FROM clusters");
    database.query_one_raw(count).await.ok()??.try_get_by_index(0).ok()
}

/// Numbers may be assigned a second time after a promotion, so a position from before must not be accepted after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_makes_positions_gone() {
    let primary = Throwaway::start();
    let standby = primary.standby();
    let settings = [("HYPERFLEET_DATABASE_AUTO_MIGRATE", "true")];
    let mut app = TestApp::at(Engine::Postgres, &primary.url(), &settings).await;
    app.a_cluster().create().await;
    let position = Follower::start(&app, &[]).await.position;
    app.stop().await;
    let connection = Database::connect(standby.url()).await.expect("the standby");
    let started = std::time::Instant::now();
    while clusters(&connection).await != Some(1) {
        assert!(started.elapsed() < super::follower::TIMEOUT, "the standby never caught up");
        tokio::task::yield_now().await;
    }
    primary.stop();
    connection.execute_unprepared("SELECT pg_promote(true, 60)").await.expect("a promotion");
    let app = TestApp::at(Engine::Postgres, &standby.url(), &settings).await;
    app.list("changes", &[("since", &position)]).await.problem(410, GONE);
}
