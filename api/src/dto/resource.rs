use super::value::{As, Id, Time};
use poem_openapi::types::Type;
use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::kind::Kind;
use service::model::Resource;
use service::status::{self, StoredStatus};
use std::collections::HashMap;
use uuid::Uuid;

/// How resources of a kind are shown.
pub trait ResourceView: From<Resource> + Serialize + Type + 'static {
    /// The kind shown.
    const KIND: Kind;
}

/// A Kubernetes cluster of the fleet: its desired state, and what the adapters report about it.
#[derive(Debug, Object, Serialize)]
pub struct Cluster {
    /// Always `Cluster`.
    pub kind: ClusterKind,
    /// What it has in common with node pools.
    #[serde(flatten)]
    #[oai(flatten)]
    pub common: Common,
}

/// A group of nodes of one cluster: its desired state, and what the adapters report about it.
#[derive(Debug, Object, Serialize)]
pub struct NodePool {
    /// Always `NodePool`.
    pub kind: NodePoolKind,
    /// The cluster it belongs to.
    pub owner_references: OwnerReference,
    /// What it has in common with clusters.
    #[serde(flatten)]
    #[oai(flatten)]
    pub common: Common,
}

/// What all resources have.
#[derive(Debug, Object, Serialize)]
pub struct Common {
    /// The resource's id, a UUIDv7 in lower case.
    pub id: As<Id, Uuid>,
    /// The resource's name, unique among the clusters, or among the node pools of a cluster, that are not marked for
    /// deletion.
    pub name: String,
    /// The resource's path. That of a node pool is below its cluster's.
    pub href: String,
    /// The desired state, by the rules of the provider's schema.
    pub spec: As<HashMap<String, Value>>,
    /// The resource's labels.
    pub labels: As<HashMap<String, String>>,
    /// Counts the versions of the desired state. Grows by one with each real change of `spec` or `labels`,
    /// and with the request for deletion.
    #[oai(validator(minimum(value = "1")))]
    pub generation: i64,
    /// When the resource was created.
    pub created_time: Time,
    /// When its desired state last changed, or its deletion was requested.
    pub updated_time: Time,
    /// Who created it.
    pub created_by: String,
    /// Who last changed its desired state.
    pub updated_by: String,
    /// When its deletion was requested; absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_time: Option<Time>,
    /// Who requested its deletion; absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<String>,
    /// The aggregate of the adapters' reports.
    pub status: ResourceStatus,
}

/// The kind of a cluster.
#[derive(Debug, Enum, Serialize)]
pub enum ClusterKind {
    /// A cluster.
    Cluster,
}

/// The kind of a node pool.
#[derive(Debug, Enum, Serialize)]
pub enum NodePoolKind {
    /// A node pool.
    NodePool,
}

/// The cluster a node pool belongs to.
#[derive(Debug, Object, Serialize)]
pub struct OwnerReference {
    /// The cluster's id.
    pub id: As<Id, Uuid>,
    /// Always `Cluster`.
    pub kind: ClusterKind,
    /// The cluster's path.
    pub href: String,
}

/// The aggregate of the adapters' reports about a resource.
#[derive(Debug, Object, Serialize)]
pub struct ResourceStatus {
    /// The state in one word: `Ready` when every required adapter has reported the current generation as
    /// available, `Failed` when one reports a failure of it, else `NotReady`.
    pub phase: As<Phase, String>,
    /// Lowest generation over the required adapters' reports, 0 before the first.
    #[oai(validator(minimum(value = "0")))]
    pub observed_generation: i64,
    /// The oldest of the required adapters' last reports; before the first, when the resource last changed.
    pub last_updated_time: Time,
    /// When `phase` last changed.
    pub last_transition_time: Time,
    /// `Reconciled`, `LastKnownReconciled`, and one `<Adapter>Successful` for each required adapter that reported.
    pub conditions: As<Vec<ResourceCondition>>,
    /// One short entry for each adapter that reported.
    pub adapters: As<Vec<AdapterSummary>>,
}

/// The state of a resource in one word.
#[derive(Debug, Enum)]
pub enum Phase {
    /// Some required adapter has not reported the current generation as available.
    NotReady,
    /// Every required adapter has.
    Ready,
    /// A required adapter reports a failure of the current generation.
    Failed,
}

/// Whether a condition holds.
#[derive(Debug, Enum, Deserialize, PartialEq, Eq, Hash)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It is not known whether it holds.
    Unknown,
}

impl From<ConditionStatus> for status::ConditionStatus {
    fn from(status: ConditionStatus) -> Self {
        match status {
            ConditionStatus::True => Self::True,
            ConditionStatus::False => Self::False,
            ConditionStatus::Unknown => Self::Unknown,
        }
    }
}

/// A condition of a resource, aggregated from the adapters' reports.
#[derive(Debug, Object)]
pub struct ResourceCondition {
    /// What the condition is about.
    pub r#type: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word on why.
    pub reason: Option<String>,
    /// A sentence on why.
    pub message: Option<String>,
    /// The generation it refers to.
    pub observed_generation: i64,
    /// When it was first set.
    pub created_time: Time,
    /// How recent the reports are that it is derived from.
    pub last_updated_time: Time,
    /// When its status last changed.
    pub last_transition_time: Time,
}

/// What one adapter last reported, in short.
#[derive(Debug, Object)]
pub struct AdapterSummary {
    /// The adapter's name.
    pub adapter: String,
    /// The generation it had observed.
    pub observed_generation: i64,
    /// Whether it reports the resource as available.
    pub available: ConditionStatus,
    /// Its condition `Health`, `Unknown` if it reports none.
    pub health: ConditionStatus,
    /// When it observed the resource.
    pub last_report_time: Time,
}

impl ResourceView for Cluster {
    const KIND: Kind = Kind::Cluster;
}

impl ResourceView for NodePool {
    const KIND: Kind = Kind::NodePool;
}

impl From<Resource> for Cluster {
    fn from(resource: Resource) -> Self {
        Self { kind: ClusterKind::Cluster, common: resource.into() }
    }
}

impl From<Resource> for NodePool {
    fn from(resource: Resource) -> Self {
        let owner = resource.owner_id.unwrap_or_default();
        let owner_references = OwnerReference {
            id: owner.into(),
            kind: ClusterKind::Cluster,
            href: Kind::Cluster.href(owner, None),
        };
        Self { kind: NodePoolKind::NodePool, owner_references, common: resource.into() }
    }
}

impl From<Resource> for Common {
    fn from(resource: Resource) -> Self {
        let href = resource.href();
        let Resource {
            kind: _,
            id,
            owner_id: _,
            name,
            generation,
            revision: _,
            spec,
            labels,
            status,
            created_time,
            updated_time,
            deleted_time,
            created_by,
            updated_by,
            deleted_by,
        } = resource;
        Self {
            id: id.into(),
            name,
            href,
            spec: spec.into(),
            labels: labels.into(),
            generation,
            created_time: created_time.into(),
            updated_time: updated_time.into(),
            created_by,
            updated_by,
            deleted_time: deleted_time.map(Time),
            deleted_by,
            status: status.into(),
        }
    }
}

impl From<StoredStatus> for ResourceStatus {
    fn from(status: StoredStatus) -> Self {
        let StoredStatus {
            phase,
            observed_generation,
            updated_time,
            transition_time,
            conditions,
            adapters,
            reconciled: _,
            reconciled_updated_time: _,
            reconciled_since: _,
        } = status;
        Self {
            phase: phase.into(),
            observed_generation,
            last_updated_time: updated_time.into(),
            last_transition_time: transition_time.into(),
            conditions: conditions.into(),
            adapters: adapters.into(),
        }
    }
}
