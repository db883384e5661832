//! The columns that searches and metrics read are consistent with the conditions.

use super::{condition, href, id};
use crate::harness::{TestApp, report};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{Database, DatabaseConnection, EntityTrait};
use serde_json::{Value, json};

crate::engines![columns_follow_the_conditions_through_every_kind_of_write];

/// The columns for `Reconciled`: whether it is true, since when, its last update, and the ten-minute bucket of the
/// last update.
type Columns = (bool, Option<DateTime<Utc>>, DateTime<Utc>, i64);

async fn columns(database: &DatabaseConnection, resource: &Value) -> Columns {
    let id: uuid::Uuid = id(resource).parse().expect("an id");
    match resource["kind"].as_str() {
        Some("Cluster") => {
            let row = entity::cluster::Entity::find_by_id(id).one(database).await.expect("an answer");
            let row = row.expect("a row");
            (row.reconciled, row.reconciled_since, row.reconciled_updated_time, row.reconciled_bucket)
        }
        _ => {
            let row = entity::node_pool::Entity::find_by_id(id).one(database).await.expect("an answer");
            let row = row.expect("a row");
            (row.reconciled, row.reconciled_since, row.reconciled_updated_time, row.reconciled_bucket)
        }
    }
}

async fn columns_follow_the_conditions_through_every_kind_of_write(app: TestApp) {
    let database = Database::connect(&app.database_url).await.expect("the database");
    let cluster = app.a_cluster().create().await;
    let pool = app.a_node_pool(id(&cluster)).create().await;
    let check = async |resource: &Value, status: &str, step: &str| {
        let now = app.get(href(resource)).await.status(200).body.clone();
        let reconciled = condition(&now, "Reconciled");
        assert_eq!(reconciled["status"], status, "{step}");
        let time = |field: &str| -> DateTime<Utc> {
            reconciled[field].as_str().and_then(|time| time.parse().ok()).expect(field)
        };
        let updated = time("last_updated_time");
        let expected = (
            status == "True",
            Some(time("last_transition_time")),
            updated,
            updated.timestamp().div_euclid(600),
        );
        assert_eq!(columns(&database, &now).await, expected, "{step}");
        app.advance(TimeDelta::minutes(15));
    };
    for resource in [&cluster, &pool] {
        let tell = async |adapter: &str, generation: i64, status: &str| {
            let report = report(adapter, generation, &[("Available", status)]);
            app.report(href(resource), report).await.status(201);
        };
        check(resource, "False", "a create").await;
        tell("dns", 1, "True").await;
        check(resource, "True", "a report").await;
        tell("dns", 1, "True").await;
        check(resource, "True", "a report that says the same").await;
        tell("dns", 1, "False").await;
        check(resource, "False", "a report that takes it back").await;
        tell("slow", 1, "Unknown").await;
        check(resource, "False", "a report that is not aggregated").await;
        tell("dns", 1, "True").await;
        tell("slow", 1, "True").await;
        check(resource, "True", "reports").await;
        app.patch(href(resource), json!({"spec": {"x": 1}})).await.status(200);
        check(resource, "False", "a change").await;
    }
    app.delete(href(&cluster)).await.status(202);
    for resource in [&cluster, &pool] {
        check(resource, "False", "a deletion").await;
    }
}
