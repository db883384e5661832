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
mod write;

use poem_openapi::Tags;

/// What operations are about.
#[derive(Tags)]
pub enum Tag {
    /// Kubernetes clusters of the fleet.
    Clusters,
    /// Groups of nodes of a cluster.
    NodePools,
    /// What adapters report.
    Statuses,
    /// What happens to clusters and node pools.
    Changes,
    /// About this API.
    Meta,
}
