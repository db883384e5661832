//! A small demo fleet, and adapters that report on it: `serve --demo`.
//!
//! Only an empty database is filled. Only resources of the demo, which have a label, are changed.

use chrono::{DateTime, TimeDelta, Utc};
use entity::JsonText;
use serde_json::{Value, json};
use service::error::Error;
use service::list::{Collection, ListOrder};
use service::model::{Resource, Target};
use service::resource::{self, Create, IfMatch, ListQuery, Patch, Start};
use service::status::{ConditionStatus, Report, ReportedCondition};
use service::{AdapterName, Consistency, Context, Kind, Labels, ResourceName, Result, search};
use std::time::Duration;

/// The interval at which the adapters report.
const ROUND_INTERVAL: Duration = Duration::from_secs(5);
/// The number of rounds after which a cluster is changed, so that the demo shows activity.
const CHANGE_EVERY: u64 = 12;
/// The time that the first adapter needs; each further adapter needs this much more.
const WORK_TIME: TimeDelta = TimeDelta::seconds(6);
/// The label of all resources of the demo.
const LABEL: &str = "demo";
/// The caller that creates and changes the resources of the demo.
const CALLER: &str = "demo@hyperfleet.local";
/// The cluster whose first adapter fails.
const FAILING_CLUSTER: &str = "batch-us-east";
const CLUSTERS: [(&str, &str, &str); 6] = [
    ("shop-eu-west", "eu-west-1", "production"),
    ("shop-us-east", "us-east-1", "production"),
    ("batch-eu-west", "eu-west-1", "production"),
    (FAILING_CLUSTER, "us-east-1", "production"),
    ("staging", "eu-west-1", "staging"),
    ("playground", "eu-west-1", "test"),
];
const NODE_POOLS: [&str; 2] = ["workers", "infra"];

const fn adapters(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Cluster => &["network", "dns", "provisioner"],
        Kind::NodePool => &["machines"],
    }
}

/// Fills the database if it is empty, then reports periodically.
pub(crate) async fn run(context: Context) {
    match fill(&context).await {
        Ok(0) => tracing::info!("demo: the database is not empty, so no clusters are created"),
        Ok(count) => tracing::info!("demo: created {count} clusters, on which adapters report from now on"),
        Err(error) => tracing::warn!(%error, "demo: the fleet could not be created"),
    }
    let mut every = tokio::time::interval(ROUND_INTERVAL);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for number in 0.. {
        every.tick().await;
        if let Err(error) = round(&context, number).await {
            tracing::warn!(%error, "demo: the adapters could not report");
        }
    }
}

/// Creates the fleet if the database contains no resources. Returns the number of clusters that were created.
///
/// # Errors
/// The error of a refused create, such as specs that do not match a provider's schema.
pub async fn fill(context: &Context) -> Result<usize> {
    for kind in Kind::ALL {
        if !list(context, kind, None).await?.is_empty() {
            return Ok(0);
        }
    }
    for (number, (name, region, environment)) in CLUSTERS.into_iter().enumerate() {
        let spec = json!({"region": region, "version": "4.16.3", "nodes": 3 + number});
        let labels = [(LABEL, "true"), ("env", environment), ("region", region)];
        let cluster = create(context, Kind::Cluster, None, (name, spec, &labels)).await?;
        for pool in NODE_POOLS {
            let spec = json!({"instance_type": "m5.2xlarge", "replicas": 3 + number});
            create(context, Kind::NodePool, Some(&cluster), (pool, spec, &labels[..2])).await?;
        }
    }
    Ok(CLUSTERS.len())
}

/// Reports on every resource of the demo, for each adapter of its kind, and periodically changes a cluster.
///
/// # Errors
/// The database is unavailable.
pub async fn round(context: &Context, number: u64) -> Result<()> {
    if number % CHANGE_EVERY == CHANGE_EVERY - 1 {
        change(context, number / CHANGE_EVERY).await?;
    }
    let now = context.clock.now();
    for kind in Kind::ALL {
        for resource in list(context, kind, Some(LABEL)).await? {
            for (position, adapter) in adapters(kind).iter().enumerate() {
                let target = Target { kind, id: resource.id, owner: None };
                let report = Report {
                    adapter: AdapterName::parse(adapter)?,
                    observed_generation: resource.generation,
                    observed_time: None,
                    conditions: observed(&resource, position, now),
                    data: JsonText("{}".into()),
                    metadata: None,
                    adapter_config_version: None,
                    adapter_framework_version: None,
                };
                match resource::report(context, target, report).await {
                    // Another report or a user has removed the resource.
                    Ok(_) | Err(Error::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(())
}

/// Returns the conditions that the adapter at this position observes. Each adapter finishes some time after the one
/// before.
fn observed(resource: &Resource, position: usize, now: DateTime<Utc>) -> Vec<ReportedCondition> {
    use ConditionStatus::{False, True};
    let work = WORK_TIME * i32::try_from(position + 1).unwrap_or(i32::MAX);
    let done = now - resource.updated_time >= work;
    let fails = position == 0 && resource.name == FAILING_CLUSTER;
    let observed: &[(&str, ConditionStatus, &str, &str)] = match (resource.is_finalizing(), done) {
        (true, true) => &[
            ("Available", False, "Deleted", "Everything is cleaned up"),
            ("Finalized", True, "Deleted", "Everything is cleaned up"),
        ],
        (true, false) => &[("Available", False, "Deleting", "Cleaning up")],
        (false, _) if fails => &[
            ("Available", False, "QuotaExceeded", "The project has no quota for another network"),
            ("Health", False, "QuotaExceeded", "The project has no quota for another network"),
        ],
        (false, true) => {
            &[("Available", True, "Applied", "All is as desired"), ("Health", True, "Healthy", "")]
        }
        (false, false) => {
            &[("Available", False, "Progressing", "Working on it"), ("Health", True, "Healthy", "")]
        }
    };
    let condition =
        |(name, status, reason, message): &(&str, ConditionStatus, &str, &str)| ReportedCondition {
            r#type: (*name).to_owned(),
            status: *status,
            reason: Some((*reason).to_owned()),
            message: (!message.is_empty()).then(|| (*message).to_owned()),
            adapter: None,
            observed_generation: None,
            created_at: None,
            updated_at: None,
        };
    observed.iter().map(condition).collect()
}

/// Changes the number of nodes of one cluster.
async fn change(context: &Context, number: u64) -> Result<()> {
    let mut clusters = list(context, Kind::Cluster, Some(LABEL)).await?;
    clusters.retain(|cluster| !cluster.is_finalizing());
    clusters.sort_by(|one, other| one.name.cmp(&other.name));
    let Some(cluster) = clusters.get(number as usize % clusters.len().max(1)) else { return Ok(()) };
    let mut spec: Value = cluster.spec.read()?;
    spec["nodes"] = (spec["nodes"].as_u64().unwrap_or(3) % 9 + 1).into();
    let target = Target { kind: Kind::Cluster, id: cluster.id, owner: None };
    let patch = Patch::Replace { spec: Some(spec), labels: None };
    match resource::patch(context, target, IfMatch::Any, patch, CALLER.to_owned()).await {
        Ok(_) | Err(Error::NotFound { .. } | Error::Conflict(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn create(
    context: &Context,
    kind: Kind,
    owner: Option<&Resource>,
    (name, spec, labels): (&str, Value, &[(&str, &str)]),
) -> Result<Resource> {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let create = Create {
        kind,
        owner: owner.map(|owner| owner.id),
        name: ResourceName::parse(kind, name)?,
        spec,
        labels: Labels::parse(labels).map_err(Error::invalid_fields)?,
        caller: CALLER.to_owned(),
    };
    match resource::create(context, create, None).await? {
        resource::Created::New(applied) => Ok(applied.resource),
        resource::Created::Repeated(_) => Err(Error::Internal("a create without a key was repeated".into())),
    }
}

/// Returns the resources of a kind, only those with the label if one is given.
async fn list(context: &Context, kind: Kind, label: Option<&str>) -> Result<Vec<Resource>> {
    let collection = &Collection::of(kind);
    let filter =
        label.map(|label| search::parse(collection, &format!("labels.{label} = 'true'"))).transpose();
    let query = ListQuery {
        filter: filter.map_err(|error| Error::Internal(error.to_string()))?,
        order: ListOrder::parse(collection, "", &[]).map_err(Error::Internal)?,
        from: Start::Page(1),
        size: 100,
        total: false,
    };
    Ok(resource::list(context, Consistency::Strong, (kind, None), &query).await?.items)
}
