//! Operations about the API itself. Metadata is public: it contains the version of the service and no data.

use super::Tag;
use crate::call::Call;
use crate::dto::{Compatibility, Metadata};
use crate::problem::ApiResult;
use crate::response::{Json, Shown};
use poem_openapi::OpenApi;
use service::BASE_PATH;

/// The operations about the API itself.
pub struct MetaApi;

#[OpenApi(tag = "Tag::Meta")]
impl MetaApi {
    /// Get the API contract
    ///
    /// Returns the version of the API and its features, for clients that verify compatibility at startup.
    #[oai(path = "/hyperfleet/v1/compatibility", method = "get", operation_id = "getCompatibility")]
    async fn compatibility(&self, _call: Call<'_>) -> ApiResult<Shown<Compatibility>> {
        let features = ["clusters", "nodepools", "adapter_status", "status_aggregation"];
        let compatibility = Compatibility {
            api_version: "v1".into(),
            compatible: true,
            features: features.map(String::from).to_vec(),
        };
        Ok(Shown::Json(Json::of(&compatibility)?))
    }

    /// Get version information
    ///
    /// Returns the version of the service and the commit that it was built from.
    #[oai(path = "/hyperfleet", method = "get", operation_id = "getMetadata")]
    async fn metadata(&self) -> ApiResult<Shown<Metadata>> {
        metadata("/api/hyperfleet")
    }

    /// Get version information
    ///
    /// Returns the version of the service and the commit that it was built from.
    #[oai(path = "/hyperfleet/v1", method = "get", operation_id = "getVersionMetadata")]
    async fn version_metadata(&self) -> ApiResult<Shown<Metadata>> {
        metadata(BASE_PATH)
    }
}

fn metadata(href: &str) -> ApiResult<Shown<Metadata>> {
    let metadata = Metadata {
        id: "hyperfleet".into(),
        kind: "API".into(),
        href: href.into(),
        version: crate::VERSION.into(),
        build: crate::COMMIT.into(),
    };
    Ok(Shown::Json(Json::of(&metadata)?))
}
