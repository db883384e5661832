//! Node pools, below their cluster.

use super::{Tag, read, write};
use crate::call::Call;
use crate::dto::{
    Explanation, ForceDeleteRequest, Id, IdempotencyKey, IfMatch, Input, ItemParameters, List,
    ListParameters, NodePool, NodePoolCreateRequest, NodePoolPatchRequest, ReadParameters,
};
use crate::list::Parameters;
use crate::problem::ApiResult;
use crate::response::{Changed, Created, Deleting, Fetched, ForceDeleted, Shown};
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path};
use service::Kind;

/// Node pools, below their cluster.
pub struct ClusterNodePoolsApi;

#[OpenApi(prefix_path = "/hyperfleet/v1/clusters", tag = "Tag::NodePools")]
impl ClusterNodePoolsApi {
    /// List the node pools of a cluster
    ///
    /// Resources marked for deletion are listed too. See the parameters for search, order and paging.
    #[oai(path = "/:cluster_id/nodepools", method = "get", operation_id = "getNodePoolsByClusterId")]
    async fn list(
        &self,
        call: Call<'_>,
        /// The cluster's id.
        cluster_id: Path<Id>,
        parameters: Parameters<ListParameters>,
    ) -> ApiResult<Shown<List<NodePool>>> {
        let owner = read::parse(Kind::Cluster, &cluster_id.0)?;
        read::list(call, Some(owner), &parameters).await
    }

    /// Create a node pool
    ///
    /// The name must not be in use. With an `Idempotency-Key`, a repeated request gets the first answer again, for 24 hours.
    #[oai(path = "/:cluster_id/nodepools", method = "post", operation_id = "createNodePool")]
    async fn create(
        &self,
        call: Call<'_>,
        /// The cluster's id.
        cluster_id: Path<Id>,
        /// Any text that identifies this request, like a UUID, so that it can be repeated safely.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<IdempotencyKey>>,
        body: Input<NodePoolCreateRequest>,
    ) -> ApiResult<Created<NodePool>> {
        let owner = read::parse(Kind::Cluster, &cluster_id.0)?;
        write::create(call, Some(owner), idempotency_key.0, body).await
    }

    /// Get a node pool of a cluster
    ///
    /// With `If-None-Match`, answers 304 while the node pool is at that version.
    #[oai(path = "/:cluster_id/nodepools/:nodepool_id", method = "get", operation_id = "getNodePoolById")]
    async fn get(
        &self,
        call: Call<'_>,
        /// The cluster's id.
        cluster_id: Path<Id>,
        /// The node pool's id.
        nodepool_id: Path<Id>,
        /// The entity tags of the versions that the caller has.
        #[oai(name = "If-None-Match")]
        if_none_match: Header<Option<String>>,
        parameters: Parameters<ItemParameters>,
    ) -> ApiResult<Fetched<NodePool>> {
        read::get(call, read::node_pool_of(&cluster_id.0, &nodepool_id.0)?, if_none_match.0, &parameters)
            .await
    }

    /// Update a node pool of a cluster
    ///
    /// Replaces `spec` and `labels` where they are given; a JSON merge patch (RFC 7396) changes their members. A real
    /// change raises `generation` by one; a body that changes nothing leaves the node pool as it was.
    #[oai(path = "/:cluster_id/nodepools/:nodepool_id", method = "patch", operation_id = "patchNodePoolById")]
    async fn patch(
        &self,
        call: Call<'_>,
        /// The cluster's id.
        cluster_id: Path<Id>,
        /// The node pool's id.
        nodepool_id: Path<Id>,
        /// The resource must have one of these entity tags; otherwise the request changes nothing (412).
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Input<NodePoolPatchRequest>,
    ) -> ApiResult<Changed<NodePool>> {
        write::patch(call, read::node_pool_of(&cluster_id.0, &nodepool_id.0)?, if_match.0, body).await
    }

    /// Delete a node pool of a cluster
    ///
    /// Marks the node pool for deletion. It stays visible until every required adapter has reported
    /// `Finalized`; with no adapter to wait for it is removed immediately. Repeating it changes nothing.
    #[oai(
        path = "/:cluster_id/nodepools/:nodepool_id",
        method = "delete",
        operation_id = "deleteNodePoolById"
    )]
    async fn delete(
        &self,
        call: Call<'_>,
        /// The cluster's id.
        cluster_id: Path<Id>,
        /// The node pool's id.
        nodepool_id: Path<Id>,
        /// The resource must have one of these entity tags; otherwise the request changes nothing (412).
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
    ) -> ApiResult<Deleting<NodePool>> {
        write::delete(call, read::node_pool_of(&cluster_id.0, &nodepool_id.0)?, if_match.0).await
    }

    /// Force the deletion of a node pool of a cluster
    ///
    /// Removes a node pool that is marked for deletion immediately, without waiting for its adapters.
    #[oai(
        path = "/:cluster_id/nodepools/:nodepool_id/force-delete",
        method = "post",
        operation_id = "forceDeleteNodePool"
    )]
    async fn force_delete(
        &self,
        call: Call<'_>,
        /// The cluster's id.
        cluster_id: Path<Id>,
        /// The node pool's id.
        nodepool_id: Path<Id>,
        /// The resource must have one of these entity tags; otherwise the request changes nothing (412).
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Input<ForceDeleteRequest>,
    ) -> ApiResult<ForceDeleted> {
        write::force_delete(call, read::node_pool_of(&cluster_id.0, &nodepool_id.0)?, if_match.0, body).await
    }

    /// Explain what a node pool waits for
    ///
    /// Which required adapters have not yet done what the current generation asks, and why; for a node pool that is being
    /// deleted, which have not cleaned up.
    ///
    /// If no adapter is configured as required and none has reported, the node pool is `waiting` for the first report, and
    /// `blocked_by` is empty: nobody is known who could be named.
    #[oai(
        path = "/:cluster_id/nodepools/:nodepool_id/explain",
        method = "get",
        operation_id = "explainNodePool"
    )]
    async fn explain(
        &self,
        call: Call<'_>,
        /// The cluster's id.
        cluster_id: Path<Id>,
        /// The node pool's id.
        nodepool_id: Path<Id>,
        parameters: Parameters<ReadParameters>,
    ) -> ApiResult<Shown<Explanation>> {
        read::explain(call, read::node_pool_of(&cluster_id.0, &nodepool_id.0)?, &parameters).await
    }
}
