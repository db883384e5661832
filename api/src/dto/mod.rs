//! What goes over the wire. Each type is the schema in the served document and the shape of the bytes;
//! a test holds real answers against the document, and requests are checked by the schema itself. A row is mapped
//! beside the type it becomes.

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
pub use header::{EntityTags, IdempotencyKey, IfMatch, LastEventId, MAX_KEY};
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
