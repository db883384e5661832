use super::{Raw, Time};
use crate::dto::adapter_status::ConditionStatus;
use poem_openapi::types::Type;
use poem_openapi::{Enum, Object};
use serde::Serialize;
use serde_json::Value;
use service::status::StoredStatus;
use service::{Kind, Resource};
use std::collections::HashMap;

/// How resources of a kind are shown.
pub trait ResourceView: From<Resource> + Serialize + Type {
    /// The kind shown.
    const KIND: Kind;
}

/// A Kubernetes cluster of the fleet: what it shall be, and what the adapters say it is.
#[derive(Debug, Object, Serialize)]
pub struct Cluster {
    /// The cluster's id, a UUIDv7 in lower case.
    #[oai(validator(pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"))]
    pub id: String,
    /// Always `Cluster`.
    pub kind: ClusterKind,
    /// The cluster's name, unique among clusters that are not marked for deletion.
    pub name: String,
    /// The cluster's path.
    pub href: String,
    /// The desired state, as the provider's schema has it.
    pub spec: Raw<HashMap<String, Value>>,
    /// The cluster's labels.
    pub labels: Raw<HashMap<String, String>>,
    /// Counts the versions of the desired state. Grows by one with each real change of `spec` or `labels`,
    /// and with the request for deletion.
    #[oai(validator(minimum(value = "1")))]
    pub generation: i64,
    /// When the cluster was created.
    pub created_time: Time,
    /// When its desired state last changed, or its deletion was requested.
    pub updated_time: Time,
    /// Who created it.
    pub created_by: String,
    /// Who last changed its desired state.
    pub updated_by: String,
    /// When its deletion was requested; absent while it is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    pub deleted_time: Option<Time>,
    /// Who requested its deletion; absent while it is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    pub deleted_by: Option<String>,
    /// What the adapters' reports add up to.
    pub status: ResourceStatus,
}

/// A group of nodes of one cluster: what it shall be, and what the adapters say it is.
#[derive(Debug, Object, Serialize)]
pub struct NodePool {
    /// The node pool's id, a UUIDv7 in lower case.
    #[oai(validator(pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"))]
    pub id: String,
    /// Always `NodePool`.
    pub kind: NodePoolKind,
    /// The node pool's name, unique among those of its cluster that are not marked for deletion.
    pub name: String,
    /// The node pool's path, below its cluster's.
    pub href: String,
    /// The cluster it belongs to.
    pub owner_references: OwnerReference,
    /// The desired state, as the provider's schema has it.
    pub spec: Raw<HashMap<String, Value>>,
    /// The node pool's labels.
    pub labels: Raw<HashMap<String, String>>,
    /// Counts the versions of the desired state. Grows by one with each real change of `spec` or `labels`,
    /// and with the request for deletion.
    #[oai(validator(minimum(value = "1")))]
    pub generation: i64,
    /// When the node pool was created.
    pub created_time: Time,
    /// When its desired state last changed, or its deletion was requested.
    pub updated_time: Time,
    /// Who created it.
    pub created_by: String,
    /// Who last changed its desired state.
    pub updated_by: String,
    /// When its deletion was requested; absent while it is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    pub deleted_time: Option<Time>,
    /// Who requested its deletion; absent while it is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    pub deleted_by: Option<String>,
    /// What the adapters' reports add up to.
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
    pub id: String,
    /// Always `Cluster`.
    pub kind: ClusterKind,
    /// The cluster's path.
    pub href: String,
}

/// What the adapters' reports about a resource add up to.
#[derive(Debug, Object, Serialize)]
pub struct ResourceStatus {
    /// The state in one word: `Ready` when every counted adapter has reported the current generation as
    /// available, `Failed` when one reports a failure of it, else `NotReady`.
    pub phase: Phase,
    /// Lowest generation over the counted adapters' reports, 0 before the first.
    #[oai(validator(minimum(value = "0")))]
    pub observed_generation: i64,
    /// The oldest of the counted adapters' last reports; before the first, when the resource last changed.
    pub last_updated_time: Time,
    /// When `phase` last changed.
    pub last_transition_time: Time,
    /// `Reconciled`, `LastKnownReconciled`, and one `<Adapter>Successful` for each counted adapter that reported.
    pub conditions: Raw<Vec<ResourceCondition>>,
    /// One short entry for each adapter that reported.
    pub adapters: Raw<Vec<AdapterSummary>>,
}

/// The state of a resource in one word.
#[derive(Debug, Enum, Serialize)]
pub enum Phase {
    /// Some counted adapter has not reported the current generation as available.
    NotReady,
    /// Every counted adapter has.
    Ready,
    /// A counted adapter reports a failure of the current generation.
    Failed,
}

/// One statement about a resource, made of the adapters' reports.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct ResourceCondition {
    /// What is stated.
    pub r#type: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word on why.
    pub reason: Option<String>,
    /// A sentence on why.
    pub message: Option<String>,
    /// The generation it speaks of.
    pub observed_generation: i64,
    /// When it was first stated.
    pub created_time: Time,
    /// How fresh it is.
    pub last_updated_time: Time,
    /// When its status last changed.
    pub last_transition_time: Time,
}

/// What one adapter last reported, in short.
#[derive(Debug, Object)]
pub struct AdapterSummary {
    /// The adapter's name.
    pub adapter: String,
    /// The generation it had seen.
    pub observed_generation: i64,
    /// Whether it calls the resource available.
    pub available: ConditionStatus,
    /// Its condition `Health`, `Unknown` if it reports none.
    pub health: ConditionStatus,
    /// When it looked.
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
            id: id.to_string(),
            kind: ClusterKind::Cluster,
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

impl From<Resource> for NodePool {
    fn from(resource: Resource) -> Self {
        let href = resource.href();
        let Resource {
            kind: _,
            id,
            owner_id,
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
        let owner = owner_id.unwrap_or_default();
        Self {
            id: id.to_string(),
            kind: NodePoolKind::NodePool,
            name,
            href,
            owner_references: OwnerReference {
                id: owner.to_string(),
                kind: ClusterKind::Cluster,
                href: Kind::Cluster.href(owner, None),
            },
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
            phase: match phase.as_str() {
                "Ready" => Phase::Ready,
                "Failed" => Phase::Failed,
                _ => Phase::NotReady,
            },
            observed_generation,
            last_updated_time: updated_time.into(),
            last_transition_time: transition_time.into(),
            conditions: conditions.into(),
            adapters: adapters.into(),
        }
    }
}
