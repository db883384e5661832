//! What waits for reconciliation is counted by one replica for all.

use crate::harness::{Postgres, service};
use chrono::{DateTime, TimeDelta, Utc};
use service::metrics::{Counting, unreconciled};
use service::resource::Create;
use service::{Clock, Context, Kind, Labels, ResourceName};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(15);

async fn create(context: &Context, name: &str) {
    let create = Create {
        kind: Kind::Cluster,
        owner: None,
        name: ResourceName::parse(Kind::Cluster, name).expect("a name"),
        spec: entity::JsonText::of(&BTreeMap::<String, String>::new()).expect("a document"),
        labels: Labels::parse(BTreeMap::new()).expect("labels"),
        caller: "nobody".into(),
        claim: None,
    };
    create.perform(context).await.expect("a cluster");
}

/// How many clusters wait, how many are stuck, and since when.
async fn clusters(context: &Context) -> (i64, i64, Option<DateTime<Utc>>) {
    let counting = Counting { threshold: TimeDelta::seconds(20), interval: INTERVAL };
    let counts = unreconciled(context, counting).await.expect("the counts");
    assert_eq!(counts.len(), 4, "{counts:?}");
    let count = counts.iter().find(|count| count.kind == Kind::Cluster && !count.is_delete);
    let count = count.expect("a count of clusters that are not being deleted");
    (count.pending, count.stuck, count.stuck_since)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_counts_for_all_until_it_is_due_again() {
    let start = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
    let time = Arc::new(Mutex::new(start));
    let clock = {
        let time = time.clone();
        Clock::new(move || *time.lock().expect("the time"))
    };
    let pass = |by: Duration| *time.lock().expect("the time") += by;
    let url = Postgres::get().await.migrated().await;
    let (first, second) = (service(url.clone(), clock.clone()).await, service(url, clock).await);

    create(&first, "alpha").await;
    assert_eq!(clusters(&first).await, (1, 0, None));
    create(&first, "beta").await;
    assert_eq!(clusters(&second).await, (1, 0, None), "it takes what the other has found");
    pass(INTERVAL);
    assert_eq!(clusters(&second).await, (2, 0, None), "it is due, and whoever comes first counts");
    assert_eq!(clusters(&first).await, (2, 0, None));
    pass(INTERVAL);
    assert_eq!(clusters(&first).await, (2, 2, Some(start)));
}
