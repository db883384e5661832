//! The types of bodies, parameters and headers. Each type defines both its schema in the served document and its
//! serialized form. A test compares real responses with the document; request bodies are validated by the schema
//! itself. A row is mapped in the file of the type that it is converted to.

mod adapter_status;
mod body;
mod change;
mod explanation;
mod header;
mod list;
mod meta;
mod pattern;
mod request;
mod resource;
mod schema;
mod value;

pub use adapter_status::{AdapterStatus, AdapterStatusCreateRequest};
pub use body::{Body, Input, MediaType};
pub use change::{
    AnyResource, Cause, ChangeEvent, ChangeEventType, ChangeKind, ChangeList, ChangeParameters,
};
pub use explanation::Explanation;
pub use header::{EntityTags, IdempotencyKey, IfMatchHeader, LastEventId, MAX_KEY};
pub use list::{
    CACHE_CONTROL, ItemParameters, List, ListParameters, ParameterSet, ReadParameters, StatusListParameters,
};
pub use meta::{Compatibility, Metadata};
pub use request::{
    ClusterCreateRequest, ClusterPatchRequest, CreateRequest, ForceDeleteRequest, NodePoolCreateRequest,
    NodePoolPatchRequest, PatchRequest,
};
pub use resource::{Cluster, NodePool, ResourceView};
pub use schema::tidy;
pub(crate) use schema::walk;
pub use value::{Id, Time};
