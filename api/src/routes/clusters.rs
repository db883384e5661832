//! Clusters.

use super::{Tag, read, write};
use crate::call::Call;
use crate::dto::{
    Cluster, ClusterCreateRequest, ClusterPatchRequest, Explanation, ForceDeleteRequest, Id, IdempotencyKey,
    IfMatch, Input, ItemParameters, List, ListParameters, ReadParameters,
};
use crate::list::Parameters;
use crate::problem::ApiResult;
use crate::response::{Changed, Created, Deleting, Fetched, ForceDeleted, Shown};
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path};

/// Clusters.
pub struct ClustersApi;

#[OpenApi(prefix_path = "/hyperfleet/v1/clusters", tag = "Tag::Clusters")]
impl ClustersApi {
    /// List clusters
    ///
    /// Resources marked for deletion are listed too. See the parameters for search, order and paging.
    #[oai(path = "/", method = "get", operation_id = "getClusters")]
    async fn list(
        &self,
        call: Call<'_>,
        parameters: Parameters<ListParameters>,
    ) -> ApiResult<Shown<List<Cluster>>> {
        read::list(call, None, &parameters).await
    }

    /// Create a cluster
    ///
    /// The name must not be in use. With an `Idempotency-Key`, a repeated request gets the first answer again, for 24 hours.
    #[oai(path = "/", method = "post", operation_id = "postCluster")]
    async fn create(
        &self,
        call: Call<'_>,
        /// Any text that identifies this request, like a UUID, so that it can be repeated safely.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<IdempotencyKey>>,
        body: Input<ClusterCreateRequest>,
    ) -> ApiResult<Created<Cluster>> {
        write::create(call, None, idempotency_key.0, body).await
    }

    /// Get a cluster
    ///
    /// With `If-None-Match`, answers 304 while the cluster is at that version.
    #[oai(path = "/:cluster_id", method = "get", operation_id = "getClusterById")]
    async fn get(
        &self,
        call: Call<'_>,
        /// The cluster's id.
        cluster_id: Path<Id>,
        /// The entity tags of the versions that the caller has.
        #[oai(name = "If-None-Match")]
        if_none_match: Header<Option<String>>,
        parameters: Parameters<ItemParameters>,
    ) -> ApiResult<Fetched<Cluster>> {
        read::get(call, read::cluster(&cluster_id.0)?, if_none_match.0, &parameters).await
    }

    /// Update a cluster
    ///
    /// Replaces `spec` and `labels` where they are given; a JSON merge patch (RFC 7396) changes their members. A real
    /// change raises `generation` by one; a body that changes nothing leaves the cluster as it was.
    #[oai(path = "/:cluster_id", method = "patch", operation_id = "patchClusterById")]
    async fn patch(
        &self,
        call: Call<'_>,
        /// The cluster's id.
        cluster_id: Path<Id>,
        /// The resource must have one of these entity tags; otherwise the request changes nothing (412).
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Input<ClusterPatchRequest>,
    ) -> ApiResult<Changed<Cluster>> {
        write::patch(call, read::cluster(&cluster_id.0)?, if_match.0, body).await
    }

    /// Delete a cluster
    ///
    /// Marks the cluster and its node pools for deletion. They stay visible until every required adapter has
    /// reported `Finalized`; with no adapter to wait for they are removed immediately. Repeating it changes nothing.
    #[oai(path = "/:cluster_id", method = "delete", operation_id = "deleteClusterById")]
    async fn delete(
        &self,
        call: Call<'_>,
        /// The cluster's id.
        cluster_id: Path<Id>,
        /// The resource must have one of these entity tags; otherwise the request changes nothing (412).
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
    ) -> ApiResult<Deleting<Cluster>> {
        write::delete(call, read::cluster(&cluster_id.0)?, if_match.0).await
    }

    /// Force the deletion of a cluster
    ///
    /// Removes a cluster that is marked for deletion and all its node pools immediately, without waiting for adapters.
    #[oai(path = "/:cluster_id/force-delete", method = "post", operation_id = "forceDeleteCluster")]
    async fn force_delete(
        &self,
        call: Call<'_>,
        /// The cluster's id.
        cluster_id: Path<Id>,
        /// The resource must have one of these entity tags; otherwise the request changes nothing (412).
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Input<ForceDeleteRequest>,
    ) -> ApiResult<ForceDeleted> {
        write::force_delete(call, read::cluster(&cluster_id.0)?, if_match.0, body).await
    }

    /// Explain what a cluster waits for
    ///
    /// Which required adapters have not yet done what the current generation asks, and why; for a cluster that is being
    /// deleted, which have not cleaned up, and how many node pools remain.
    ///
    /// If no adapter is configured as required and none has reported, the cluster is `waiting` for the first report, and
    /// `blocked_by` is empty: nobody is known who could be named.
    #[oai(path = "/:cluster_id/explain", method = "get", operation_id = "explainCluster")]
    async fn explain(
        &self,
        call: Call<'_>,
        /// The cluster's id.
        cluster_id: Path<Id>,
        parameters: Parameters<ReadParameters>,
    ) -> ApiResult<Shown<Explanation>> {
        read::explain(call, read::cluster(&cluster_id.0)?, &parameters).await
    }
}
