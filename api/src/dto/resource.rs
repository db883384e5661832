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

/// The representation of resources of one kind.
pub trait ResourceView: From<Resource> + Serialize + Type + 'static {
    /// The kind of the resources.
    const KIND: Kind;
}

/// A Kubernetes cluster of the fleet: its desired state, and the status derived from the adapters' reports.
#[derive(Debug, Object, Serialize)]
pub struct Cluster {
    /// Always `Cluster`.
    pub kind: ClusterKind,
    /// The fields that clusters and node pools have in common.
    #[serde(flatten)]
    #[oai(flatten)]
    pub common: Common,
}

/// A group of nodes of one cluster: its desired state, and the status derived from the adapters' reports.
#[derive(Debug, Object, Serialize)]
pub struct NodePool {
    /// Always `NodePool`.
    pub kind: NodePoolKind,
    /// The cluster that the node pool belongs to.
    pub owner_references: OwnerReference,
    /// The fields that clusters and node pools have in common.
    #[serde(flatten)]
    #[oai(flatten)]
    pub common: Common,
}

/// The fields of all resources.
#[derive(Debug, Object, Serialize)]
pub struct Common {
    /// The unique ID of the resource, a UUIDv7 in lower case.
    pub id: As<Id, Uuid>,
    /// The name of the resource. It is unique among the clusters, or among the node pools of a cluster, that are not
    /// marked for deletion.
    pub name: String,
    /// The path of the resource. The path of a node pool is below that of its cluster.
    pub href: String,
    /// The desired state. It matches the schema that the operator has configured, if any.
    pub spec: As<HashMap<String, Value>>,
    /// The labels of the resource.
    pub labels: As<HashMap<String, String>>,
    /// The sequence number of the desired state. It increases by one with each effective change of `spec` or
    /// `labels`, and with the request for deletion.
    #[oai(validator(minimum(value = "1")))]
    pub generation: i64,
    /// The time at which the resource was created.
    pub created_time: Time,
    /// The time at which the desired state last changed or the deletion was requested.
    pub updated_time: Time,
    /// The caller that created the resource.
    pub created_by: String,
    /// The caller that last changed the desired state.
    pub updated_by: String,
    /// The time at which the deletion was requested. Absent if it was not requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_time: Option<Time>,
    /// The caller that requested the deletion. Absent if it was not requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<String>,
    /// The status of the resource, aggregated from the adapters' reports.
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

/// A reference to the cluster that a node pool belongs to.
#[derive(Debug, Object, Serialize)]
pub struct OwnerReference {
    /// The ID of the cluster.
    pub id: As<Id, Uuid>,
    /// Always `Cluster`.
    pub kind: ClusterKind,
    /// The path of the cluster.
    pub href: String,
}

/// The status of a resource, aggregated from the adapters' reports.
#[derive(Debug, Object, Serialize)]
pub struct ResourceStatus {
    /// A one-word summary of the status: `Ready` if every required adapter has reported the current generation as
    /// available, `Failed` if a required adapter reports a failure of it, otherwise `NotReady`.
    pub phase: As<Phase, String>,
    /// The lowest generation in the reports of the required adapters. 0 before the first report.
    #[oai(validator(minimum(value = "0")))]
    pub observed_generation: i64,
    /// The observation time of the oldest among the required adapters' last reports. Before the first report, the
    /// time at which the resource last changed.
    pub last_updated_time: Time,
    /// The time at which `phase` last changed.
    pub last_transition_time: Time,
    /// The conditions of the resource: `Reconciled`, `LastKnownReconciled`, and one `<Adapter>Successful` for each
    /// required adapter that has reported.
    pub conditions: As<Vec<ResourceCondition>>,
    /// A summary of the last report of each adapter that has reported.
    pub adapters: As<Vec<AdapterSummary>>,
}

/// A one-word summary of the status of a resource.
#[derive(Debug, Enum)]
pub enum Phase {
    /// At least one required adapter has not reported the current generation as available.
    NotReady,
    /// Every required adapter has reported the current generation as available.
    Ready,
    /// A required adapter reports a failure of the current generation.
    Failed,
}

/// The status of a condition.
#[derive(Debug, Enum, Deserialize, PartialEq, Eq, Hash)]
pub enum ConditionStatus {
    /// The condition holds.
    True,
    /// The condition does not hold.
    False,
    /// It is not known whether the condition holds.
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
    /// The type of the condition.
    pub r#type: String,
    /// The status of the condition: `True`, `False` or `Unknown`.
    pub status: ConditionStatus,
    /// A one-word reason for the status.
    pub reason: Option<String>,
    /// A human-readable explanation of the status.
    pub message: Option<String>,
    /// The generation that the condition refers to.
    pub observed_generation: i64,
    /// The time at which the condition was first set.
    pub created_time: Time,
    /// The observation time of the oldest report that the condition is derived from.
    pub last_updated_time: Time,
    /// The time at which the status of the condition last changed.
    pub last_transition_time: Time,
}

/// A summary of the last report of one adapter.
#[derive(Debug, Object)]
pub struct AdapterSummary {
    /// The name of the adapter.
    pub adapter: String,
    /// The generation of the resource that the adapter had observed.
    pub observed_generation: i64,
    /// Whether the adapter reports the resource as available.
    pub available: ConditionStatus,
    /// The adapter's condition `Health`. `Unknown` if it reports none.
    pub health: ConditionStatus,
    /// The time at which the adapter observed the resource.
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
