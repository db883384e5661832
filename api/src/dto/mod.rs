//! What goes over the wire. Each type is the schema in the served document and the shape of the bytes;
//! a test holds real answers against the document. A row is mapped beside the type it becomes.

mod adapter_status;
mod list;
mod meta;
mod raw;
mod request;
mod resource;

pub use adapter_status::{
    AdapterCondition, AdapterStatus, AdapterStatusCreateRequest, ConditionRequest, ConditionStatus,
};
pub use list::{List, ListParameters};
pub use meta::{Compatibility, Metadata};
pub use raw::{Id, Raw, Time};
pub use request::{
    ClusterCreateRequest, ClusterPatchRequest, ForceDeleteRequest, Input, NewResource, NodePoolCreateRequest,
    NodePoolPatchRequest, ReadBody,
};
pub use resource::{Cluster, NodePool, ResourceView};
