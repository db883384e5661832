//! PostgreSQL may abort a transaction in favor of another. The service then repeats the work from the start, and the
//! caller does not notice. A trigger raises the errors that concurrent transactions would cause, so that they occur
//! each time.
//!
//! SQLite has no such errors: it has a single writing connection.

use crate::harness::{Answer, Engine, TestApp, report};
use crate::statuses::{href, id};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use serde_json::json;

/// The maximum number of attempts of a write.
const ATTEMPTS: i64 = 8;

/// A connection to a database in which a trigger refuses writes to a table.
struct Refusals(DatabaseConnection);

impl Refusals {
    /// Refuses the first `times` statements of the type `what` (`INSERT`, `UPDATE`, `DELETE`) on rows of `table` with
    /// the error `code`. If `at_commit` is set, the commit is refused instead.
    async fn of(app: &TestApp, what: &str, table: &str, code: &str, times: i64, at_commit: bool) -> Self {
        let database = Database::connect(&app.database_url).await.expect("the database");
        let (kind, when) = match at_commit {
            true => ("CONSTRAINT TRIGGER", format!("AFTER {what} ON {table} DEFERRABLE INITIALLY DEFERRED")),
            false => ("TRIGGER", format!("BEFORE {what} ON {table}")),
        };
        // A sequence keeps its value when a transaction is rolled back.
        let statements = [
            "DROP SEQUENCE IF EXISTS tries CASCADE; CREATE SEQUENCE tries".to_owned(),
            format!(
                "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF nextval('tries') <= {times} THEN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END IF;
                 RETURN COALESCE(NEW, OLD); END $$"
            ),
            format!("CREATE {kind} refuse {when} FOR EACH ROW EXECUTE FUNCTION refuse()"),
        ];
        for statement in statements {
            database.execute_unprepared(&statement).await.expect(&statement);
        }
        Self(database)
    }

    /// Removes the trigger and returns the number of statements that reached it.
    async fn end(self, table: &str) -> i64 {
        let count = Statement::from_string(self.0.get_database_backend(), "SELECT last_value FROM tries");
        let row = self.0.query_one_raw(count).await.expect("an answer").expect("a row");
        self.0.execute_unprepared(&format!("DROP TRIGGER refuse ON {table}")).await.expect("no trigger");
        row.try_get_by_index(0).expect("a number")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_gave_way_to_another_transaction_is_done_again() {
    let app = TestApp::start(Engine::Postgres).await;
    let alpha = app.a_cluster().named("alpha").create().await;
    app.report(href(&alpha), report("dns", 1, &[("Available", "True")])).await.status(201);
    let beta = app.a_cluster().named("beta").create().await;
    let pools = format!("clusters/{}/nodepools", id(&alpha));
    let keyed = |name: &str| {
        let request = app.request("POST", "clusters").header("idempotency-key", name);
        Answer::of(request.json(&json!({"name": name, "spec": {}})))
    };
    // A serialization failure and a deadlock within the transaction, and a serialization failure at its commit.
    for (round, (code, at_commit)) in
        [("40001", false), ("40P01", false), ("40001", true)].into_iter().enumerate()
    {
        let refusals = async |what, table| Refusals::of(&app, what, table, code, 2, at_commit).await;
        let name = format!("c-{round}");

        let refused = refusals("UPDATE", "clusters").await;
        app.patch(href(&alpha), json!({"labels": {"round": name}})).await.status(200);
        assert_eq!(refused.end("clusters").await, 3, "{code}");

        let refused = refusals("UPDATE", "clusters").await;
        app.report(href(&alpha), report("dns", 2 + round as i64, &[("Available", "True")])).await.status(201);
        assert_eq!(refused.end("clusters").await, 3, "{code}");

        let refused = refusals("INSERT", "clusters").await;
        app.post("clusters", json!({"name": name, "spec": {}})).await.status(201);
        assert_eq!(refused.end("clusters").await, 3, "{code}");

        let refused = refusals("INSERT", "clusters").await;
        keyed(&format!("keyed-{round}")).await.status(201);
        assert_eq!(refused.end("clusters").await, 3, "{code}");

        let refused = refusals("INSERT", "node_pools").await;
        let pool = app.post(&pools, json!({"name": name, "spec": {}})).await.status(201).body.clone();
        assert_eq!(refused.end("node_pools").await, 3, "{code}");

        let refused = refusals("DELETE", "node_pools").await;
        app.delete(href(&pool)).await.status(202);
        assert_eq!(refused.end("node_pools").await, 3, "{code}");
        app.get(href(&pool)).await.problem(404, "HYPERFLEET-NTF-001");
    }
    // Each write was applied once.
    assert_eq!(app.get(href(&alpha)).await.at("/generation"), 4);
    assert_eq!(app.get("clusters").await.at("/total"), 2 + 3 + 3);
    app.get(href(&beta)).await.status(200).body(&beta);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_always_has_to_give_way_is_refused_and_leaves_nothing() {
    let app = TestApp::start(Engine::Postgres).await;
    let cluster = app.a_cluster().create().await;
    for at_commit in [false, true] {
        let refused = Refusals::of(&app, "UPDATE", "clusters", "40001", i64::MAX, at_commit).await;
        let answer = app.patch(href(&cluster), json!({"labels": {"a": "b"}})).await;
        answer.problem(503, "HYPERFLEET-SVC-001");
        assert!(!answer.header("retry-after").is_empty());
        assert_eq!(refused.end("clusters").await, ATTEMPTS);
        app.get(href(&cluster)).await.status(200).body(&cluster);
        let by_label = app.list("clusters", &[("search", "labels.a = 'b'")]).await;
        assert_eq!(by_label.status(200).at("/total"), 0);
    }
}

/// An error that a retry cannot resolve is not retried, and the transaction is rolled back.
#[tokio::test(flavor = "multi_thread")]
async fn another_error_is_not_tried_again() {
    let app = TestApp::start(Engine::Postgres).await;
    let cluster = app.a_cluster().create().await;
    for at_commit in [false, true] {
        let refused = Refusals::of(&app, "UPDATE", "clusters", "22000", i64::MAX, at_commit).await;
        app.patch(href(&cluster), json!({"labels": {"a": "b"}})).await.problem(500, "HYPERFLEET-INT-001");
        assert_eq!(refused.end("clusters").await, 1);
        app.get(href(&cluster)).await.status(200).body(&cluster);
    }
}
