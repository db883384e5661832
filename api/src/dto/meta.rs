use poem_openapi::Object;
use serde::Serialize;

/// The API contract that this server implements.
#[derive(Debug, Object, Serialize)]
pub struct Compatibility {
    /// The version of the API.
    pub api_version: String,
    /// Whether the server is compatible with clients of that version.
    pub compatible: bool,
    /// The features that the API supports.
    pub features: Vec<String>,
}

/// Version information about the running service.
#[derive(Debug, Object, Serialize)]
pub struct Metadata {
    /// Always `hyperfleet`.
    pub id: String,
    /// Always `API`.
    pub kind: String,
    /// The path of the request.
    pub href: String,
    /// The version of the service.
    pub version: String,
    /// The commit that the service was built from.
    pub build: String,
}
