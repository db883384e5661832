//! The operations, one file per group of paths. Each operation declares its description, path and parameters, and then
//! parses the request, calls the service and maps the result.

pub mod changes;
pub mod cluster_node_pools;
pub mod clusters;
pub mod meta;
pub mod node_pools;
mod read;
pub mod statuses;
mod target;
mod write;

use poem_openapi::Tags;

/// The tags that group operations in the document.
#[derive(Tags)]
pub enum Tag {
    /// Kubernetes clusters of the fleet: their desired state, and the status derived from the adapters' reports.
    Clusters,
    /// Groups of nodes of one cluster. Every operation except creation is available both below the cluster and by
    /// the ID of the node pool alone.
    NodePools,
    /// The reports of adapters about a cluster or a node pool.
    Statuses,
    /// The changes of clusters and node pools, as a sequence of events.
    Changes,
    /// The version of the service, and the API contract that it implements.
    Meta,
}

/// The names of all tags, in the order of the document: basic concepts first.
pub const TAGS: [&str; 5] = ["Clusters", "NodePools", "Statuses", "Changes", "Meta"];
