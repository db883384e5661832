//! The operations on the node pools of a cluster.

use super::{Tag, read, target, write};
use crate::call::Call;
use crate::dto::{
    Explanation, ForceDeleteRequest, Id, IdempotencyKey, IfMatchHeader, Input, ItemParameters, List,
    ListParameters, NodePool, NodePoolCreateRequest, NodePoolPatchRequest, ReadParameters,
};
use crate::list::Parameters;
use crate::problem::ApiResult;
use crate::response::{Changed, Created, Deleting, Fetched, ForceDeleted, Shown};
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path};
use service::Kind;

/// The operations on the node pools of a cluster.
pub struct ClusterNodePoolsApi;

#[OpenApi(prefix_path = "/hyperfleet/v1/clusters", tag = "Tag::NodePools")]
impl ClusterNodePoolsApi {
    /// List the node pools of a cluster
    ///
    /// Returns a page of the node pools of the cluster, including node pools that are marked for deletion.
    #[oai(path = "/:cluster_id/nodepools", method = "get", operation_id = "getNodePoolsByClusterId")]
    async fn list(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        parameters: Parameters<ListParameters>,
    ) -> ApiResult<Shown<List<NodePool>>> {
        let owner = target::parse_id(Kind::Cluster, &cluster_id.0)?;
        read::list(call, Some(owner), &parameters).await
    }

    /// Create a node pool
    ///
    /// Creates a node pool in the cluster. Its name must be unique among the node pools of the cluster that are not
    /// marked for deletion. With an `Idempotency-Key`, a repeated request returns the original response for 24
    /// hours.
    #[oai(path = "/:cluster_id/nodepools", method = "post", operation_id = "createNodePool")]
    async fn create(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        /// A unique value that identifies this request, such as a UUID, so that it can be retried safely.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<IdempotencyKey>>,
        body: Input<NodePoolCreateRequest>,
    ) -> ApiResult<Created<NodePool>> {
        let owner = target::parse_id(Kind::Cluster, &cluster_id.0)?;
        write::create(call, Some(owner), idempotency_key.0, body).await
    }

    /// Get a node pool of a cluster
    ///
    /// Returns the node pool. With `If-None-Match`, returns 304 if the entity tag of the node pool has not changed.
    #[oai(path = "/:cluster_id/nodepools/:nodepool_id", method = "get", operation_id = "getNodePoolById")]
    async fn get(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        /// The entity tags of the versions that the client already has. A value that is not a list of entity tags is
        /// ignored.
        #[oai(name = "If-None-Match")]
        if_none_match: Header<Option<String>>,
        parameters: Parameters<ItemParameters>,
    ) -> ApiResult<Fetched<NodePool>> {
        read::get(call, target::node_pool_of(&cluster_id.0, &nodepool_id.0)?, if_none_match.0, &parameters)
            .await
    }

    /// Update a node pool of a cluster
    ///
    /// Replaces `spec` and `labels` if they are present. A JSON merge patch (RFC 7396) changes individual members
    /// instead. An effective change increases `generation` by one. A body without an effective change leaves the
    /// node pool unchanged.
    #[oai(path = "/:cluster_id/nodepools/:nodepool_id", method = "patch", operation_id = "patchNodePoolById")]
    async fn patch(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        /// The entity tags to match. If the current entity tag of the resource is not among them, nothing is changed
        /// and the response is 412.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatchHeader>>,
        body: Input<NodePoolPatchRequest>,
    ) -> ApiResult<Changed<NodePool>> {
        write::patch(call, target::node_pool_of(&cluster_id.0, &nodepool_id.0)?, if_match.0, body).await
    }

    /// Delete a node pool of a cluster
    ///
    /// Marks the node pool for deletion. It remains visible until every required adapter has reported `Finalized`.
    /// If there is no adapter to wait for, it is removed immediately. Repeating the request has no further effect.
    #[oai(
        path = "/:cluster_id/nodepools/:nodepool_id",
        method = "delete",
        operation_id = "deleteNodePoolById"
    )]
    async fn delete(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        /// The entity tags to match. If the current entity tag of the resource is not among them, nothing is changed
        /// and the response is 412.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatchHeader>>,
    ) -> ApiResult<Deleting<NodePool>> {
        write::delete(call, target::node_pool_of(&cluster_id.0, &nodepool_id.0)?, if_match.0).await
    }

    /// Force the deletion of a node pool of a cluster
    ///
    /// Removes a node pool that is marked for deletion immediately, without waiting for adapters.
    #[oai(
        path = "/:cluster_id/nodepools/:nodepool_id/force-delete",
        method = "post",
        operation_id = "forceDeleteNodePool"
    )]
    async fn force_delete(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        /// The entity tags to match. If the current entity tag of the resource is not among them, nothing is changed
        /// and the response is 412.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatchHeader>>,
        body: Input<ForceDeleteRequest>,
    ) -> ApiResult<ForceDeleted> {
        write::force_delete(call, target::node_pool_of(&cluster_id.0, &nodepool_id.0)?, if_match.0, body)
            .await
    }

    /// Explain what a node pool is waiting for
    ///
    /// Returns the required adapters that have not reported the current generation as available, with the reason for
    /// each. For a node pool that is being deleted, returns the adapters that have not reported `Finalized`.
    ///
    /// If no required adapters are configured and none has reported, the state is `waiting` and `blocked_by` is
    /// empty, because no adapter is known yet.
    #[oai(
        path = "/:cluster_id/nodepools/:nodepool_id/explain",
        method = "get",
        operation_id = "explainNodePool"
    )]
    async fn explain(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        parameters: Parameters<ReadParameters>,
    ) -> ApiResult<Shown<Explanation>> {
        read::explain(call, target::node_pool_of(&cluster_id.0, &nodepool_id.0)?, &parameters).await
    }
}
