//! The kinds of resources and the differences between them, except the row types (`store/row.rs`) and the SQL for
//! children (`store/resources.rs`, `store/reports.rs`).

use crate::spec_schema::{CLUSTER_SPEC, NODE_POOL_SPEC};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Index, RangeInclusive};
use uuid::Uuid;

/// The kind of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// A Kubernetes cluster.
    Cluster,
    /// A group of nodes of one cluster.
    NodePool,
}

/// The prefix of the paths of the API.
pub const BASE_PATH: &str = "/api/hyperfleet/v1";

/// The path of clusters, below [`BASE_PATH`], up to the id.
pub(crate) const CLUSTERS: &str = "/clusters/";
/// The path of the node pools of a cluster, between the two ids.
pub(crate) const NODE_POOLS: &str = "/nodepools/";

/// The differences between the kinds.
pub(crate) struct Description {
    name: &'static str,
    /// Identifies the kind in a position of the log of changes.
    pub(crate) letter: &'static str,
    /// The kind of a list of these resources.
    pub(crate) list: &'static str,
    /// The table that stores these resources.
    pub(crate) table: &'static str,
    parent: Option<Kind>,
    name_length: RangeInclusive<usize>,
    spec_schema: &'static str,
}

const CLUSTER: Description = Description {
    name: "Cluster",
    letter: "C",
    list: "ClusterList",
    table: "clusters",
    parent: None,
    name_length: 3..=53,
    spec_schema: CLUSTER_SPEC,
};

const NODE_POOL: Description = Description {
    name: "NodePool",
    letter: "N",
    list: "NodePoolList",
    table: "node_pools",
    parent: Some(Kind::Cluster),
    name_length: 3..=15,
    spec_schema: NODE_POOL_SPEC,
};

impl Kind {
    /// All kinds, parents first.
    pub const ALL: [Kind; 2] = [Kind::Cluster, Kind::NodePool];

    pub(crate) const fn description(self) -> &'static Description {
        match self {
            Kind::Cluster => &CLUSTER,
            Kind::NodePool => &NODE_POOL,
        }
    }

    /// Returns the name of the kind, as in `kind` and in the columns `owner_type`.
    pub const fn as_str(self) -> &'static str {
        self.description().name
    }

    /// Returns the kind of the owner; `None` if resources of this kind have no owner.
    pub const fn parent(self) -> Option<Kind> {
        self.description().parent
    }

    /// Returns the allowed length of a name, in characters.
    pub fn name_length(self) -> RangeInclusive<usize> {
        self.description().name_length.clone()
    }

    /// Returns the name of the schema that `spec` must match.
    pub fn spec_schema(self) -> &'static str {
        self.description().spec_schema
    }

    /// Returns the path of a resource. The path of a node pool is below that of its cluster.
    pub fn href(self, id: Uuid, owner: Option<Uuid>) -> String {
        match owner {
            Some(owner) => format!("{BASE_PATH}{CLUSTERS}{owner}{NODE_POOLS}{id}"),
            None => format!("{BASE_PATH}{CLUSTERS}{id}"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A value for each kind.
#[derive(Clone, Debug, Default)]
pub struct PerKind<T> {
    /// The value for clusters.
    pub cluster: T,
    /// The value for node pools.
    pub node_pool: T,
}

impl<T> Index<Kind> for PerKind<T> {
    type Output = T;

    fn index(&self, kind: Kind) -> &T {
        match kind {
            Kind::Cluster => &self.cluster,
            Kind::NodePool => &self.node_pool,
        }
    }
}
