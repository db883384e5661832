//! The operations on clusters.

use super::{Tag, read, target, write};
use crate::call::Call;
use crate::dto::{
    Cluster, ClusterCreateRequest, ClusterPatchRequest, Explanation, ForceDeleteRequest, Id, IdempotencyKey,
    IfMatchHeader, Input, ItemParameters, List, ListParameters, ReadParameters,
};
use crate::list::Parameters;
use crate::problem::ApiResult;
use crate::response::{Changed, Created, Deleting, Fetched, ForceDeleted, Shown};
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path};

/// The operations on clusters.
pub struct ClustersApi;

#[OpenApi(prefix_path = "/hyperfleet/v1/clusters", tag = "Tag::Clusters")]
impl ClustersApi {
    /// List clusters
    ///
    /// Returns a page of clusters, including clusters that are marked for deletion.
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
    /// Creates a cluster. Its name must be unique among the clusters that are not marked for deletion. With an
    /// `Idempotency-Key`, a repeated request returns the original response for 24 hours.
    #[oai(path = "/", method = "post", operation_id = "postCluster")]
    async fn create(
        &self,
        call: Call<'_>,
        /// A unique value that identifies this request, such as a UUID, so that it can be retried safely.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<IdempotencyKey>>,
        body: Input<ClusterCreateRequest>,
    ) -> ApiResult<Created<Cluster>> {
        write::create(call, None, idempotency_key.0, body).await
    }

    /// Get a cluster
    ///
    /// Returns the cluster. With `If-None-Match`, returns 304 if the entity tag of the cluster has not changed.
    #[oai(path = "/:cluster_id", method = "get", operation_id = "getClusterById")]
    async fn get(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        /// The entity tags of the versions that the client already has. A value that is not a list of entity tags is
        /// ignored.
        #[oai(name = "If-None-Match")]
        if_none_match: Header<Option<String>>,
        parameters: Parameters<ItemParameters>,
    ) -> ApiResult<Fetched<Cluster>> {
        read::get(call, target::cluster(&cluster_id.0)?, if_none_match.0, &parameters).await
    }

    /// Update a cluster
    ///
    /// Replaces `spec` and `labels` if they are present. A JSON merge patch (RFC 7396) changes individual members
    /// instead. An effective change increases `generation` by one. A body without an effective change leaves the
    /// cluster unchanged.
    #[oai(path = "/:cluster_id", method = "patch", operation_id = "patchClusterById")]
    async fn patch(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        /// The entity tags to match. If the current entity tag of the resource is not among them, nothing is changed
        /// and the response is 412.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatchHeader>>,
        body: Input<ClusterPatchRequest>,
    ) -> ApiResult<Changed<Cluster>> {
        write::patch(call, target::cluster(&cluster_id.0)?, if_match.0, body).await
    }

    /// Delete a cluster
    ///
    /// Marks the cluster and its node pools for deletion. They remain visible until every required adapter has
    /// reported `Finalized`. If there is no adapter to wait for, they are removed immediately. Repeating the request
    /// has no further effect.
    #[oai(path = "/:cluster_id", method = "delete", operation_id = "deleteClusterById")]
    async fn delete(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        /// The entity tags to match. If the current entity tag of the resource is not among them, nothing is changed
        /// and the response is 412.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatchHeader>>,
    ) -> ApiResult<Deleting<Cluster>> {
        write::delete(call, target::cluster(&cluster_id.0)?, if_match.0).await
    }

    /// Force the deletion of a cluster
    ///
    /// Removes a cluster that is marked for deletion, and all its node pools, immediately and without waiting for
    /// adapters.
    #[oai(path = "/:cluster_id/force-delete", method = "post", operation_id = "forceDeleteCluster")]
    async fn force_delete(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        /// The entity tags to match. If the current entity tag of the resource is not among them, nothing is changed
        /// and the response is 412.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatchHeader>>,
        body: Input<ForceDeleteRequest>,
    ) -> ApiResult<ForceDeleted> {
        write::force_delete(call, target::cluster(&cluster_id.0)?, if_match.0, body).await
    }

    /// Explain what a cluster is waiting for
    ///
    /// Returns the required adapters that have not reported the current generation as available, with the reason for
    /// each. For a cluster that is being deleted, returns the adapters that have not reported `Finalized` and the
    /// number of remaining node pools.
    ///
    /// If no required adapters are configured and none has reported, the state is `waiting` and `blocked_by` is
    /// empty, because no adapter is known yet.
    #[oai(path = "/:cluster_id/explain", method = "get", operation_id = "explainCluster")]
    async fn explain(
        &self,
        call: Call<'_>,
        /// The ID of the cluster.
        cluster_id: Path<Id>,
        parameters: Parameters<ReadParameters>,
    ) -> ApiResult<Shown<Explanation>> {
        read::explain(call, target::cluster(&cluster_id.0)?, &parameters).await
    }
}
