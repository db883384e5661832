use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::RangeInclusive;
use uuid::Uuid;

/// The kinds of resources, and all in which they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A Kubernetes cluster.
    Cluster,
    /// A group of nodes of one cluster.
    NodePool,
}

/// Where the API's paths begin.
pub const BASE_PATH: &str = "/api/hyperfleet/v1";

impl Kind {
    /// The kind's name, as in `kind` and in the columns `owner_type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Cluster => "Cluster",
            Kind::NodePool => "NodePool",
        }
    }

    /// The kind of a list of it.
    pub fn list(self) -> &'static str {
        match self {
            Kind::Cluster => "ClusterList",
            Kind::NodePool => "NodePoolList",
        }
    }

    /// The table it is kept in.
    pub fn table(self) -> &'static str {
        match self {
            Kind::Cluster => "clusters",
            Kind::NodePool => "node_pools",
        }
    }

    /// How long a name may be, in characters.
    pub fn name_length(self) -> RangeInclusive<usize> {
        match self {
            Kind::Cluster => 3..=53,
            Kind::NodePool => 3..=15,
        }
    }

    /// The schema its `spec` is checked against.
    pub fn spec_schema(self) -> &'static str {
        match self {
            Kind::Cluster => "ClusterSpec",
            Kind::NodePool => "NodePoolSpec",
        }
    }

    /// The path of a resource. Node pools live under their cluster.
    pub fn href(self, id: Uuid, owner: Option<Uuid>) -> String {
        match owner {
            Some(owner) => format!("{BASE_PATH}/clusters/{owner}/nodepools/{id}"),
            None => format!("{BASE_PATH}/clusters/{id}"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
