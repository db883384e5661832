//! The effects of overlapping transactions on the log. Each interleaving is forced.

use super::Follower;
use super::follower::TIMEOUT;
use crate::harness::{Engine, Postgres, TestApp, Throwaway};
use crate::statuses::{href, id};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, TransactionTrait};
use serde_json::json;
use std::time::Instant;

/// Writes a change as another replica would. The tests keep its transaction open.
const CHANGE: &str = "INSERT INTO changes (kind, resource_id, change, changed_time, changed_by, document) \
                      SELECT kind, resource_id, 'created', changed_time, 'late', document FROM changes \
                      WHERE kind = 'Cluster' ORDER BY seq LIMIT 1";

/// Writes a row for a number that no transaction will use, as the service does when it takes the number.
const CHANGE_OF_NOBODY: &str = "INSERT INTO changes (kind, resource_id, change, changed_time, changed_by, document) \
                                SELECT '', gen_random_uuid(), '', now(), '', ''";

/// Returns the last number of the log.
async fn last(database: &DatabaseConnection) -> i64 {
    let sql = "SELECT max(seq) FROM changes";
    let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql);
    let row = database.query_one_raw(statement).await.expect(sql).expect("a row");
    row.try_get_by_index(0).expect("a number")
}

async fn connect(url: &str) -> DatabaseConnection {
    Database::connect(url).await.expect("the database")
}

/// Starts a server with one cluster. Also returns a second connection to its database.
async fn start() -> (TestApp, DatabaseConnection) {
    let app = TestApp::start(Engine::Postgres).await;
    let database = connect(&app.database_url).await;
    app.a_cluster().named("first").create().await;
    (app, database)
}

async fn begin(database: &DatabaseConnection) -> DatabaseTransaction {
    let late = database.begin().await.expect("a transaction");
    late.execute_unprepared(CHANGE).await.expect("a change");
    late
}

/// Reads until the copy contains this cluster.
async fn until_told(follower: &mut Follower<'_>, cluster: &serde_json::Value) {
    follower.until(|follower| follower.copy.contains_key(id(cluster))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_late_is_told_in_its_place() {
    let (app, database) = start().await;
    let mut follower = Follower::start(&app, &[]).await;
    follower.until_it_agrees().await;
    let told = follower.events.len();
    let late = begin(&database).await;
    let cluster = app.a_cluster().named("second").create().await;
    // Meanwhile the server reads the log several times and tries to take the number. It delivers no event.
    for _ in 0..3 {
        follower.ask(&[("wait", "1")]).await.0.status(200);
    }
    assert_eq!(follower.events.len(), told, "{:?}", follower.events.last());
    late.commit().await.expect("a commit");
    until_told(&mut follower, &cluster).await;
    let by = |place: usize| follower.events[place]["changed_by"].clone();
    assert_eq!((by(told), by(told + 1)), (json!("late"), json!("system@hyperfleet.local")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rolled_back_is_not_waited_for() {
    let (app, database) = start().await;
    let mut follower = Follower::start(&app, &[]).await;
    let late = begin(&database).await;
    let cluster = app.a_cluster().named("second").create().await;
    late.rollback().await.expect("a rollback");
    until_told(&mut follower, &cluster).await;
}

/// The transaction is visible to the whole PostgreSQL server, so no snapshot is evidence of anything while it runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_of_another_database_delays_nothing() {
    let (app, database) = start().await;
    let elsewhere = connect(&Postgres::get().await.migrated().await).await;
    let foreign = elsewhere.begin().await.expect("a transaction");
    foreign.execute_unprepared("CREATE TABLE elsewhere (id int)").await.expect("a write");
    let mut follower = Follower::start(&app, &[]).await;
    begin(&database).await.rollback().await.expect("a rollback");
    let cluster = app.a_cluster().named("second").create().await;
    // While the other transaction is open, nothing proves that the number is unused, so the server must take it.
    until_told(&mut follower, &cluster).await;
    assert_eq!(rows(&database, "SELECT 1 FROM changes WHERE kind = ''").await, 1);
    foreign.rollback().await.expect("the end of the other transaction");
}

/// A writer has drawn its number and is blocked before it uses it. Meanwhile the number is taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_writer_whose_number_is_taken_writes_with_another() {
    let (app, database) = start().await;
    // The server's own changes wait for a lock that the test holds. Changes of the test and taken numbers do not
    // wait.
    let pause = "CREATE FUNCTION pause() RETURNS trigger AS $$ BEGIN \
                 PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END $$ LANGUAGE plpgsql; \
                 CREATE TRIGGER pause BEFORE INSERT ON changes FOR EACH ROW \
                 WHEN (NEW.kind <> '' AND NEW.changed_by <> 'late') EXECUTE FUNCTION pause();";
    database.execute_unprepared(pause).await.expect("a trigger");
    let mut follower = Follower::start(&app, &[]).await;
    let gate = database.begin().await.expect("a transaction");
    gate.execute_unprepared("SELECT pg_advisory_xact_lock(4711)").await.expect("the lock");
    let create = async { app.a_cluster().named("held").create().await };
    let overtake = async {
        let other = connect(&app.database_url).await;
        let waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted";
        let started = Instant::now();
        while rows(&other, waiting).await == 0 {
            assert!(started.elapsed() < TIMEOUT, "the writer never came to the trigger");
            tokio::task::yield_now().await;
        }
        other.execute_unprepared(CHANGE).await.expect("a change with the next number");
        let taken = "SELECT 1 FROM changes WHERE kind = ''";
        while rows(&other, taken).await == 0 {
            assert!(started.elapsed() < TIMEOUT, "the number was never taken");
            follower.ask(&[]).await.0.status(200);
        }
        gate.commit().await.expect("the lock is released");
    };
    let (cluster, ()) = tokio::join!(create, overtake);
    until_told(&mut follower, &cluster).await;
}

async fn rows(database: &DatabaseConnection, sql: &str) -> usize {
    let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql);
    database.query_all_raw(statement).await.expect(sql).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_follow_one_log() {
    let (app, database) = start().await;
    let other = app.replica(&[]).await;
    let (mut here, mut there) = (Follower::start(&app, &[]).await, Follower::start(&other, &[]).await);
    for number in 0..20 {
        let late = begin(&database).await;
        let writer = if number % 2 == 0 { &app } else { &other };
        writer.a_cluster().named(&format!("cluster-{number}")).create().await;
        late.rollback().await.expect("a rollback");
    }
    here.until_it_agrees().await;
    there.until_it_agrees().await;
    // A position is valid at every server.
    let mut moved = Follower::since(&other, &here.position, &[]);
    let cluster = app.a_cluster().named("last").create().await;
    until_told(&mut moved, &cluster).await;
    assert_eq!(moved.events.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_that_jumps_as_after_a_crash_stops_nothing() {
    let (app, database) = start().await;
    let mut follower = Follower::start(&app, &[]).await;
    let position = follower.position.clone();
    jump(&database, 32).await;
    let cluster = app.a_cluster().named("second").create().await;
    until_told(&mut follower, &cluster).await;

    // A gap of this size cannot be waited for: it means that the sequence was set.
    jump(&database, 1_000_000).await;
    app.a_cluster().named("third").create().await;
    let started = Instant::now();
    loop {
        let answer = app.list("changes", &[("since", &position), ("wait", "1")]).await;
        if answer.status == 410 {
            break;
        }
        assert!(started.elapsed() < TIMEOUT, "{}", answer.text);
    }
    let mut again = Follower::start(&app, &[]).await;
    again.until_it_agrees().await;
    let cluster = app.a_cluster().named("fourth").create().await;
    until_told(&mut again, &cluster).await;
}

async fn jump(database: &DatabaseConnection, by: i64) {
    let sql = format!("SELECT setval('changes_seq_seq', (SELECT max(seq) FROM changes) + {by})");
    database.execute_unprepared(&sql).await.expect("a jump");
}

/// A replica that starts does not know which of the last ten thousand numbers no transaction will use. A replica that
/// knows may still hand out positions at the end of the log.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_starts_takes_positions_of_one_that_knows_more() {
    let (app, database) = start().await;
    let append = async |rows: i64| {
        let sql = format!("{CHANGE_OF_NOBODY} FROM generate_series(1, {rows})");
        database.execute_unprepared(&sql).await.expect("changes");
        let follower = &mut Follower::now(&app, &[]).await;
        let end = last(&database).await;
        follower.until(|follower| follower.position.ends_with(&format!("-{end}"))).await;
        (end, follower.position.clone())
    };
    let (end, _) = append(10_000).await;
    let early = end - 9_990;
    database.execute_unprepared(&format!("DELETE FROM changes WHERE seq = {early}")).await.expect("a hole");
    let holder = database.begin().await.expect("a transaction");
    let held = CHANGE_OF_NOBODY.replace("(kind", "(seq, kind").replace("SELECT", &format!("SELECT {early},"));
    holder.execute_unprepared(&held).await.expect("the number is held");
    let replica = app.replica(&[]).await;
    let (_, position) = append(50).await;
    let answer = replica.list("changes", &[("since", &position)]).await;
    assert_eq!(answer.status(200).text_at("/next"), position);
    holder.rollback().await.expect("a rollback");
    let mut follower = Follower::since(&replica, &position, &[]);
    let cluster = app.a_cluster().named("second").create().await;
    until_told(&mut follower, &cluster).await;
    assert_eq!(follower.events.len(), 1);
}

/// The transaction that drew the lower number began to write later, so all transactions that began before it have
/// ended while it still runs. The test uses a separate PostgreSQL server, on which no other transaction ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_began_later_may_hold_the_lower_number() {
    let server = Throwaway::start();
    let migrate = [("HYPERFLEET_DATABASE_AUTO_MIGRATE", "true")];
    let app = TestApp::at(Engine::Postgres, &server.url(), &migrate).await;
    let database = connect(&app.database_url).await;
    app.a_cluster().named("first").create().await;
    let mut follower = Follower::start(&app, &[]).await;
    follower.until_it_agrees().await;
    let told = follower.events.len();
    let early = database.begin().await.expect("a transaction");
    early.execute_unprepared("SELECT pg_current_xact_id()").await.expect("an id");
    let late = begin(&database).await;
    early.execute_unprepared(CHANGE).await.expect("a change with the higher number");
    early.commit().await.expect("a commit");
    for _ in 0..3 {
        follower.ask(&[("wait", "1")]).await.0.status(200);
    }
    assert_eq!(follower.events.len(), told);
    late.commit().await.expect("a commit");
    follower.until(|follower| follower.events.len() == told + 2).await;
}

/// The server waits for a transaction that holds its number for seconds, also when it tries to take the number.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_for_seconds_is_not_lost() {
    let (app, database) = start().await;
    let mut follower = Follower::start(&app, &[]).await;
    follower.until_it_agrees().await;
    let late = begin(&database).await;
    let told = follower.events.len();
    for number in 0..4 {
        let cluster = app.a_cluster().named(&format!("cluster-{number}")).create().await;
        app.patch(href(&cluster), json!({"labels": {"a": "b"}})).await.status(200);
        // Each request waits one second.
        follower.ask(&[("wait", "1")]).await.0.status(200);
    }
    assert_eq!(follower.events.len(), told);
    late.commit().await.expect("a commit");
    follower.until_it_agrees().await;
    assert!(follower.events.iter().any(|event| event["changed_by"] == "late"));
}
