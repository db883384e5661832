//! About the API itself. Metadata is public; it says what is running and nothing of what it holds.

use super::Tag;
use crate::call::Call;
use crate::dto::{Compatibility, Metadata};
use crate::problem::ApiResult;
use crate::response::{Json, Shown};
use poem_openapi::OpenApi;

/// About the API.
pub struct MetaApi;

#[OpenApi(tag = "Tag::Meta")]
impl MetaApi {
    /// Get the served contract
    ///
    /// The version of the API and its features, for clients that check them before they start.
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
    /// The version of the service and the commit it was built from.
    #[oai(path = "/hyperfleet", method = "get", operation_id = "getMetadata")]
    async fn metadata(&self) -> ApiResult<Shown<Metadata>> {
        metadata("/api/hyperfleet")
    }

    /// Get version information
    ///
    /// The version of the service and the commit it was built from.
    #[oai(path = "/hyperfleet/v1", method = "get", operation_id = "getVersionMetadata")]
    async fn version_metadata(&self) -> ApiResult<Shown<Metadata>> {
        metadata("/api/hyperfleet/v1")
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
