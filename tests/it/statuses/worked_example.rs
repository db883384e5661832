//! One cluster with two required adapters: all conditions and times, row by row.

use super::{condition, discarded, href};
use crate::harness::{Answer, Engine, TestApp, report};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

crate::engines![the_worked_example_holds_row_by_row];

/// Status, generation, minute of the last update, minute of the last transition.
type Row<'a> = (&'a str, i64, i64, i64);

struct Example {
    app: TestApp,
    start: DateTime<Utc>,
    href: String,
}

impl Example {
    async fn create(engine: Engine) -> Self {
        let app = TestApp::with(engine, &[("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "a,b")]).await;
        let cluster = app.a_cluster().create().await;
        Self { start: app.now(), href: href(&cluster).to_owned(), app }
    }

    /// Advances the clock by a minute, then reports.
    async fn report(&self, adapter: &str, generation: i64, conditions: &[(&str, &str)]) -> Answer {
        self.app.advance(TimeDelta::minutes(1));
        self.app.report(&self.href, report(adapter, generation, conditions)).await
    }

    async fn now(&self) -> Value {
        self.app.get(&self.href).await.status(200).body.clone()
    }

    fn time(&self, minute: i64) -> String {
        (self.start + TimeDelta::minutes(minute)).to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    #[track_caller]
    fn is(&self, cluster: &Value, name: &str, (status, generation, updated, transition): Row) {
        let found = condition(cluster, name);
        let of = |field: &str| found[field].clone();
        let found =
            (of("status"), of("observed_generation"), of("last_updated_time"), of("last_transition_time"));
        let expected =
            (json!(status), json!(generation), json!(self.time(updated)), json!(self.time(transition)));
        assert_eq!(found, expected, "{name}");
    }

    /// Asserts both conditions and returns the cluster.
    async fn row(&self, reconciled: Row<'_>, last_known: Row<'_>) -> Value {
        let cluster = self.now().await;
        self.is(&cluster, "Reconciled", reconciled);
        self.is(&cluster, "LastKnownReconciled", last_known);
        cluster
    }
}

fn message<'a>(cluster: &'a Value, name: &str) -> &'a str {
    condition(cluster, name)["message"].as_str().expect("a message")
}

async fn the_worked_example_holds_row_by_row(app: TestApp) {
    let example = Example::create(app.engine).await;
    first_generation(&example).await;
    second_generation(&example).await;
    deletion(&example).await;
}

async fn first_generation(example: &Example) {
    let available = [("Available", "True")];
    example.row(("False", 1, 0, 0), ("False", 1, 0, 0)).await;

    example.report("a", 1, &available).await.status(201);
    let cluster = example.row(("False", 1, 1, 0), ("False", 1, 0, 0)).await;
    example.is(&cluster, "ASuccessful", ("True", 1, 1, 1));
    assert_eq!(condition(&cluster, "BSuccessful"), &Value::Null);
    let missing = "Required adapters not reporting Available=True: [b]. Currently reporting: [a]";
    assert_eq!(message(&cluster, "Reconciled"), missing);
    assert_eq!(condition(&cluster, "LastKnownReconciled")["reason"], "AdaptersMissingReports");

    example.report("b", 1, &available).await.status(201);
    let cluster = example.row(("True", 1, 1, 1), ("True", 1, 1, 1)).await;
    example.is(&cluster, "BSuccessful", ("True", 1, 2, 2));
    assert_eq!(condition(&cluster, "Reconciled")["reason"], "ReconciledAll");
    assert_eq!(condition(&cluster, "LastKnownReconciled")["reason"], "AllAdaptersReconciled");
    assert_eq!(cluster["status"]["phase"], "Ready");
    assert_eq!(cluster["status"]["last_updated_time"], example.time(1));
    assert_eq!(cluster["status"]["last_transition_time"], example.time(2));
}

async fn second_generation(example: &Example) {
    let available = [("Available", "True")];
    example.app.advance(TimeDelta::minutes(1));
    example.app.patch(&example.href, json!({"spec": {"region": "us"}})).await.status(200);
    let cluster = example.row(("False", 2, 3, 3), ("True", 1, 1, 1)).await;
    example.is(&cluster, "ASuccessful", ("True", 1, 1, 1));
    example.is(&cluster, "BSuccessful", ("True", 1, 2, 2));
    let missing = "Required adapters not reporting Available=True: [a, b]. Currently reporting: [a, b]";
    assert_eq!(message(&cluster, "Reconciled"), missing);

    example.report("a", 2, &available).await.status(201);
    let cluster = example.row(("False", 2, 4, 3), ("True", 1, 1, 1)).await;
    example.is(&cluster, "ASuccessful", ("True", 2, 4, 1));

    example.report("b", 2, &[("Available", "False")]).await.status(201);
    let cluster = example.row(("False", 2, 4, 3), ("True", 1, 1, 1)).await;
    example.is(&cluster, "BSuccessful", ("False", 2, 5, 5));

    example.report("b", 2, &available).await.status(201);
    let cluster = example.row(("True", 2, 4, 4), ("True", 2, 4, 1)).await;
    example.is(&cluster, "BSuccessful", ("True", 2, 6, 6));

    example.report("a", 2, &[("Available", "False")]).await.status(201);
    let cluster = example.row(("False", 2, 6, 6), ("False", 2, 6, 6)).await;
    example.is(&cluster, "ASuccessful", ("False", 2, 7, 7));
    assert_eq!(condition(&cluster, "LastKnownReconciled")["reason"], "AdapterReportedNotAvailable");

    discarded(&example.report("a", 2, &[("Available", "Unknown")]).await, "unknown_availability");
    assert_eq!(example.now().await, cluster);
    discarded(&example.report("a", 1, &available).await, "older_generation");
    assert_eq!(example.now().await, cluster);
}

async fn deletion(example: &Example) {
    example.app.advance(TimeDelta::minutes(1));
    example.app.delete(&example.href).await.status(202);
    let cluster = example.row(("False", 3, 10, 6), ("False", 2, 6, 6)).await;
    let waiting = "Required adapters not reporting Finalized=True: [a, b]. Currently reporting: [a, b]";
    assert_eq!(message(&cluster, "Reconciled"), waiting);

    example.report("a", 3, &[("Available", "False"), ("Finalized", "True")]).await.status(201);
    let cluster = example.row(("False", 3, 11, 6), ("False", 3, 11, 6)).await;
    let waiting = "Required adapters not reporting Finalized=True: [b]. Currently reporting: [a, b]";
    assert_eq!(message(&cluster, "Reconciled"), waiting);

    let last = example.report("b", 3, &[("Available", "True"), ("Finalized", "True")]).await;
    assert_eq!(last.status(201).at("/observed_generation"), 3);
    example.app.get(&example.href).await.problem(404, "HYPERFLEET-NTF-001");
}
