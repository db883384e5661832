//! Node pools, wherever they are.

use super::{Tag, read, write};
use crate::call::Call;
use crate::dto::{
    Explanation, ForceDeleteRequest, Id, IfMatch, Input, ItemParameters, List, ListParameters, NodePool,
    NodePoolCreateRequest, NodePoolPatchRequest, ReadParameters,
};
use crate::list::Parameters;
use crate::problem::ApiResult;
use crate::response::{Changed, Deleting, Fetched, ForceDeleted, Refused, Shown};
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path};

/// Node pools, wherever they are.
pub struct NodePoolsApi;

#[OpenApi(prefix_path = "/hyperfleet/v1/nodepools", tag = "Tag::NodePools")]
impl NodePoolsApi {
    /// List the node pools of all clusters
    ///
    /// Resources marked for deletion are listed too. See the parameters for search, order and paging.
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
    /// A node pool belongs to a cluster, which this path does not name. A body without faults is answered with 422 and
    /// the path to use.
    #[oai(path = "/", method = "post", operation_id = "postNodePool")]
    async fn create(&self, _call: Call<'_>, body: Input<NodePoolCreateRequest>) -> ApiResult<Refused> {
        body.read()?;
        Err(write::refuse_without_parent())
    }

    /// Get a node pool
    ///
    /// With `If-None-Match`, answers 304 while the node pool is at that version.
    #[oai(path = "/:nodepool_id", method = "get", operation_id = "getAnyNodePoolById")]
    async fn get(
        &self,
        call: Call<'_>,
        /// The node pool's id.
        nodepool_id: Path<Id>,
        /// The entity tags of the versions that the caller has.
        #[oai(name = "If-None-Match")]
        if_none_match: Header<Option<String>>,
        parameters: Parameters<ItemParameters>,
    ) -> ApiResult<Fetched<NodePool>> {
        read::get(call, read::node_pool(&nodepool_id.0)?, if_none_match.0, &parameters).await
    }

    /// Update a node pool
    ///
    /// Replaces `spec` and `labels` where they are given; a JSON merge patch (RFC 7396) changes their members. A real
    /// change raises `generation` by one; a body that changes nothing leaves the node pool as it was.
    #[oai(path = "/:nodepool_id", method = "patch", operation_id = "patchAnyNodePoolById")]
    async fn patch(
        &self,
        call: Call<'_>,
        /// The node pool's id.
        nodepool_id: Path<Id>,
        /// The resource must have one of these entity tags; otherwise the request changes nothing (412).
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Input<NodePoolPatchRequest>,
    ) -> ApiResult<Changed<NodePool>> {
        write::patch(call, read::node_pool(&nodepool_id.0)?, if_match.0, body).await
    }

    /// Delete a node pool
    ///
    /// Marks the node pool for deletion. It stays visible until every required adapter has reported
    /// `Finalized`; with no adapter to wait for it is removed immediately. Repeating it changes nothing.
    #[oai(path = "/:nodepool_id", method = "delete", operation_id = "deleteAnyNodePoolById")]
    async fn delete(
        &self,
        call: Call<'_>,
        /// The node pool's id.
        nodepool_id: Path<Id>,
        /// The resource must have one of these entity tags; otherwise the request changes nothing (412).
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
    ) -> ApiResult<Deleting<NodePool>> {
        write::delete(call, read::node_pool(&nodepool_id.0)?, if_match.0).await
    }

    /// Force the deletion of a node pool
    ///
    /// Removes a node pool that is marked for deletion immediately, without waiting for its adapters.
    #[oai(path = "/:nodepool_id/force-delete", method = "post", operation_id = "forceDeleteAnyNodePool")]
    async fn force_delete(
        &self,
        call: Call<'_>,
        /// The node pool's id.
        nodepool_id: Path<Id>,
        /// The resource must have one of these entity tags; otherwise the request changes nothing (412).
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Input<ForceDeleteRequest>,
    ) -> ApiResult<ForceDeleted> {
        write::force_delete(call, read::node_pool(&nodepool_id.0)?, if_match.0, body).await
    }

    /// Explain what a node pool waits for
    ///
    /// Which required adapters have not yet done what the current generation asks, and why; for a node pool that is being
    /// deleted, which have not cleaned up.
    ///
    /// If no adapter is configured as required and none has reported, the node pool is `waiting` for the first report, and
    /// `blocked_by` is empty: nobody is known who could be named.
    #[oai(path = "/:nodepool_id/explain", method = "get", operation_id = "explainAnyNodePool")]
    async fn explain(
        &self,
        call: Call<'_>,
        /// The node pool's id.
        nodepool_id: Path<Id>,
        parameters: Parameters<ReadParameters>,
    ) -> ApiResult<Shown<Explanation>> {
        read::explain(call, read::node_pool(&nodepool_id.0)?, &parameters).await
    }
}
