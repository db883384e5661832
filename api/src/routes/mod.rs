//! The operations, one file per resource. An operation reads as a page: what it does, where it is, what it
//! takes; then parse, call the service, map.
//!
//! To add one: the method here, with its doc comment, which is the text of the served document. If anyone
//! may call it without a token, add it to the public list in the tests.

pub mod changes;
pub mod cluster_node_pools;
pub mod clusters;
pub mod meta;
pub mod node_pools;
mod read;
pub mod statuses;
mod write;

use poem_openapi::Tags;

/// What operations are about.
#[derive(Tags)]
pub enum Tag {
    /// Kubernetes clusters of the fleet: their desired state, and the status derived from the adapters' reports.
    Clusters,
    /// Groups of nodes of one cluster. Every operation is offered below the cluster, and also by the node pool's id alone.
    NodePools,
    /// What adapters report about a cluster or a node pool.
    Statuses,
    /// What happens to clusters and node pools, one event after the other.
    Changes,
    /// What is running, and which contract it serves.
    Meta,
}

/// The names of all tags, in the order in which one learns them.
pub const TAGS: [&str; 5] = ["Clusters", "NodePools", "Statuses", "Changes", "Meta"];
