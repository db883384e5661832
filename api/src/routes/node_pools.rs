//! The operations on node pools of any cluster.

use super::{Tag, read, target, write};
use crate::call::Call;
use crate::dto::{
    Explanation, ForceDeleteRequest, Id, IfMatchHeader, Input, ItemParameters, List, ListParameters,
    NodePool, NodePoolCreateRequest, NodePoolPatchRequest, ReadParameters,
};
use crate::list::Parameters;
use crate::problem::ApiResult;
use crate::response::{Changed, Deleting, Fetched, ForceDeleted, Refused, Shown};
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path};

/// The operations on node pools of any cluster.
pub struct NodePoolsApi;

#[OpenApi(prefix_path = "/hyperfleet/v1/nodepools", tag = "Tag::NodePools")]
impl NodePoolsApi {
    /// List the node pools of all clusters
    ///
    /// Returns a page of the node pools of all clusters, including node pools that are marked for deletion.
    #[oai(path = "/", method = "get", operation_id = "getNodePools")]
    async fn list(
        &self,
        call: Call<'_>,
        parameters: Parameters<ListParameters>,
    ) -> ApiResult<Shown<List<NodePool>>> {
        read::list(call, None, &parameters).await
    }

    /// Refuse to create a node pool without a cluster
    ///
    /// A node pool belongs to a cluster, which this path does not identify. A valid body is answered with 422 and
    /// the path to use.
    #[oai(path = "/", method = "post", operation_id = "postNodePool")]
    async fn create(&self, _call: Call<'_>, body: Input<NodePoolCreateRequest>) -> ApiResult<Refused> {
        body.into_value()?;
        Err(write::refuse_without_parent())
    }

    /// Get a node pool
    ///
    /// Returns the node pool. With `If-None-Match`, returns 304 if the entity tag of the node pool has not changed.
    #[oai(path = "/:nodepool_id", method = "get", operation_id = "getAnyNodePoolById")]
    async fn get(
        &self,
        call: Call<'_>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        /// The entity tags of the versions that the client already has. A value that is not a list of entity tags is
        /// ignored.
        #[oai(name = "If-None-Match")]
        if_none_match: Header<Option<String>>,
        parameters: Parameters<ItemParameters>,
    ) -> ApiResult<Fetched<NodePool>> {
        read::get(call, target::node_pool(&nodepool_id.0)?, if_none_match.0, &parameters).await
    }

    /// Update a node pool
    ///
    /// Replaces `spec` and `labels` if they are present. A JSON merge patch (RFC 7396) changes individual members
    /// instead. An effective change increases `generation` by one. A body without an effective change leaves the
    /// node pool unchanged.
    #[oai(path = "/:nodepool_id", method = "patch", operation_id = "patchAnyNodePoolById")]
    async fn patch(
        &self,
        call: Call<'_>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        /// The entity tags to match. If the current entity tag of the resource is not among them, nothing is changed
        /// and the response is 412.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatchHeader>>,
        body: Input<NodePoolPatchRequest>,
    ) -> ApiResult<Changed<NodePool>> {
        write::patch(call, target::node_pool(&nodepool_id.0)?, if_match.0, body).await
    }

    /// Delete a node pool
    ///
    /// Marks the node pool for deletion. It remains visible until every required adapter has reported `Finalized`.
    /// If there is no adapter to wait for, it is removed immediately. Repeating the request has no further effect.
    #[oai(path = "/:nodepool_id", method = "delete", operation_id = "deleteAnyNodePoolById")]
    async fn delete(
        &self,
        call: Call<'_>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        /// The entity tags to match. If the current entity tag of the resource is not among them, nothing is changed
        /// and the response is 412.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatchHeader>>,
    ) -> ApiResult<Deleting<NodePool>> {
        write::delete(call, target::node_pool(&nodepool_id.0)?, if_match.0).await
    }

    /// Force the deletion of a node pool
    ///
    /// Removes a node pool that is marked for deletion immediately, without waiting for adapters.
    #[oai(path = "/:nodepool_id/force-delete", method = "post", operation_id = "forceDeleteAnyNodePool")]
    async fn force_delete(
        &self,
        call: Call<'_>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        /// The entity tags to match. If the current entity tag of the resource is not among them, nothing is changed
        /// and the response is 412.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatchHeader>>,
        body: Input<ForceDeleteRequest>,
    ) -> ApiResult<ForceDeleted> {
        write::force_delete(call, target::node_pool(&nodepool_id.0)?, if_match.0, body).await
    }

    /// Explain what a node pool is waiting for
    ///
    /// Returns the required adapters that have not reported the current generation as available, with the reason for
    /// each. For a node pool that is being deleted, returns the adapters that have not reported `Finalized`.
    ///
    /// If no required adapters are configured and none has reported, the state is `waiting` and `blocked_by` is
    /// empty, because no adapter is known yet.
    #[oai(path = "/:nodepool_id/explain", method = "get", operation_id = "explainAnyNodePool")]
    async fn explain(
        &self,
        call: Call<'_>,
        /// The ID of the node pool.
        nodepool_id: Path<Id>,
        parameters: Parameters<ReadParameters>,
    ) -> ApiResult<Shown<Explanation>> {
        read::explain(call, target::node_pool(&nodepool_id.0)?, &parameters).await
    }
}
