//! The operations on the reports of adapters about clusters and node pools.

use super::{Tag, read, target, write};
use crate::call::Call;
use crate::dto::{AdapterStatus, AdapterStatusCreateRequest, Id, Input, List, StatusListParameters};
use crate::list::Parameters;
use crate::problem::ApiResult;
use crate::response::{Reported, Shown};
use poem_openapi::OpenApi;
use poem_openapi::param::Path;

/// The operations on reports.
pub struct StatusesApi;

#[OpenApi(prefix_path = "/hyperfleet/v1", tag = "Tag::Statuses")]
impl StatusesApi {
    /// List the statuses of a cluster
    ///
    /// Returns the last stored report of each adapter. By default, the adapter whose first report is newest is
    /// listed first.
    #[oai(path = "/clusters/:cluster_id/statuses", method = "get", operation_id = "getClusterStatuses")]
    async fn list_cluster_statuses(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        parameters: Parameters<StatusListParameters>,
    ) -> ApiResult<Shown<List<AdapterStatus>>> {
        read::list_statuses(call, target::cluster(&cluster_id.0)?, &parameters).await
    }

    /// Report the status of a cluster
    ///
    /// Stores the report of an adapter and recalculates the status of the cluster from all reports (201), or
    /// discards the report (204).
    #[oai(path = "/clusters/:cluster_id/statuses", method = "put", operation_id = "putClusterStatuses")]
    async fn put_cluster_status(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        body: Input<AdapterStatusCreateRequest>,
    ) -> ApiResult<Reported<AdapterStatus>> {
        write::report(call, target::cluster(&cluster_id.0)?, body).await
    }

    /// Report the status of a cluster with POST
    ///
    /// Equivalent to PUT, for adapters that use POST.
    #[oai(path = "/clusters/:cluster_id/statuses", method = "post", operation_id = "postClusterStatuses")]
    async fn post_cluster_status(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        body: Input<AdapterStatusCreateRequest>,
    ) -> ApiResult<Reported<AdapterStatus>> {
        write::report(call, target::cluster(&cluster_id.0)?, body).await
    }

    /// List the statuses of a node pool of a cluster
    ///
    /// Returns the last stored report of each adapter. By default, the adapter whose first report is newest is
    /// listed first.
    #[oai(
        path = "/clusters/:cluster_id/nodepools/:nodepool_id/statuses",
        method = "get",
        operation_id = "getNodePoolsStatuses"
    )]
    async fn list_node_pool_statuses(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        parameters: Parameters<StatusListParameters>,
    ) -> ApiResult<Shown<List<AdapterStatus>>> {
        read::list_statuses(call, target::node_pool_of(&cluster_id.0, &nodepool_id.0)?, &parameters).await
    }

    /// Report the status of a node pool of a cluster
    ///
    /// Stores the report of an adapter and recalculates the status of the node pool from all reports (201), or
    /// discards the report (204).
    #[oai(
        path = "/clusters/:cluster_id/nodepools/:nodepool_id/statuses",
        method = "put",
        operation_id = "putNodePoolStatuses"
    )]
    async fn put_node_pool_status(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        body: Input<AdapterStatusCreateRequest>,
    ) -> ApiResult<Reported<AdapterStatus>> {
        write::report(call, target::node_pool_of(&cluster_id.0, &nodepool_id.0)?, body).await
    }

    /// Report the status of a node pool of a cluster with POST
    ///
    /// Equivalent to PUT, for adapters that use POST.
    #[oai(
        path = "/clusters/:cluster_id/nodepools/:nodepool_id/statuses",
        method = "post",
        operation_id = "postNodePoolStatuses"
    )]
    async fn post_node_pool_status(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        body: Input<AdapterStatusCreateRequest>,
    ) -> ApiResult<Reported<AdapterStatus>> {
        write::report(call, target::node_pool_of(&cluster_id.0, &nodepool_id.0)?, body).await
    }

    /// List the statuses of a node pool
    ///
    /// Returns the last stored report of each adapter. By default, the adapter whose first report is newest is
    /// listed first.
    #[oai(path = "/nodepools/:nodepool_id/statuses", method = "get", operation_id = "getAnyNodePoolStatuses")]
    async fn list_any_node_pool_statuses(
        &self,
        call: Call<'_>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        parameters: Parameters<StatusListParameters>,
    ) -> ApiResult<Shown<List<AdapterStatus>>> {
        read::list_statuses(call, target::node_pool(&nodepool_id.0)?, &parameters).await
    }

    /// Report the status of a node pool
    ///
    /// Stores the report of an adapter and recalculates the status of the node pool from all reports (201), or
    /// discards the report (204).
    #[oai(path = "/nodepools/:nodepool_id/statuses", method = "put", operation_id = "putAnyNodePoolStatuses")]
    async fn put_any_node_pool_status(
        &self,
        call: Call<'_>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        body: Input<AdapterStatusCreateRequest>,
    ) -> ApiResult<Reported<AdapterStatus>> {
        write::report(call, target::node_pool(&nodepool_id.0)?, body).await
    }

    /// Report the status of a node pool with POST
    ///
    /// Equivalent to PUT, for adapters that use POST.
    #[oai(
        path = "/nodepools/:nodepool_id/statuses",
        method = "post",
        operation_id = "postAnyNodePoolStatuses"
    )]
    async fn post_any_node_pool_status(
        &self,
        call: Call<'_>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        body: Input<AdapterStatusCreateRequest>,
    ) -> ApiResult<Reported<AdapterStatus>> {
        write::report(call, target::node_pool(&nodepool_id.0)?, body).await
    }
}
