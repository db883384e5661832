use poem_openapi::Object;
use serde::Serialize;

/// Which contract this API serves.
#[derive(Debug, Object, Serialize)]
pub struct Compatibility {
    /// The version of the API.
    pub api_version: String,
    /// Whether clients of that version work.
    pub compatible: bool,
    /// What the API can do.
    pub features: Vec<String>,
}

/// What is running here.
#[derive(Debug, Object, Serialize)]
pub struct Metadata {
    /// Always `hyperfleet`.
    pub id: String,
    /// Always `API`.
    pub kind: String,
    /// The path asked for.
    pub href: String,
    /// The version of the service.
    pub version: String,
    /// The commit it was built from.
    pub build: String,
}
