//! The responses of operations: a document, with the headers that belong to it.

use crate::dto::List;
use crate::fields::Selection;
use crate::problem::ApiError;
use bytes::Bytes;
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaResponses, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use service::memory::Share;
use service::model::Resource;
use std::marker::PhantomData;
use std::sync::Arc;

/// The initial capacity for serializing one document, in bytes. Most resources fit in it.
const INITIAL_CAPACITY: usize = 4096;

/// A serialized JSON document of type `T`.
///
/// Serializing directly from the type takes a tenth of the time that the framework takes, which builds a tree first.
#[derive(Debug)]
pub struct Json<T> {
    bytes: Vec<u8>,
    /// The memory reserved for the document until it is sent.
    _share: Option<Arc<Share>>,
    shape: PhantomData<fn() -> T>,
}

impl<T: Serialize> Json<T> {
    /// Serializes `value`.
    pub fn of(value: &T) -> Result<Self, ApiError> {
        Self::selected(value, None)
    }

    /// Serializes the selected part of `value`.
    pub fn selected(value: &T, selection: Option<&Selection>) -> Result<Self, ApiError> {
        let bytes = serialize(&Selected { item: value, selection }, INITIAL_CAPACITY)?;
        Ok(Self { bytes, _share: None, shape: PhantomData })
    }
}

impl<T: Serialize> Json<List<T>> {
    /// Serializes a list. `length` is the approximate size of its items in bytes. `share` is the memory reserved for
    /// them until the response is sent.
    pub fn list(list: &List<Selected<'_, T>>, length: usize, share: Arc<Share>) -> Result<Self, ApiError> {
        Ok(Self {
            bytes: serialize(list, length + INITIAL_CAPACITY)?,
            _share: Some(share),
            shape: PhantomData,
        })
    }
}

/// An item, and the part of it to serialize.
#[derive(Debug)]
pub struct Selected<'a, T> {
    /// The complete item.
    pub item: T,
    /// The fields to serialize; `None` for all.
    pub selection: Option<&'a Selection>,
}

impl<T: Serialize> Serialize for Selected<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(selection) = self.selection else { return self.item.serialize(serializer) };
        let tree = serde_json::to_value(&self.item).map_err(S::Error::custom)?;
        selection.of_value(tree).serialize(serializer)
    }
}

impl<T> AsRef<[u8]> for Json<T> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<T> Json<T> {
    /// Wraps a document that is already serialized.
    pub fn from_raw(body: Box<RawValue>) -> Self {
        let bytes = Box::<str>::from(body).into_string().into_bytes();
        Self { bytes, _share: None, shape: PhantomData }
    }
}

/// The response to a create request, in the format in which it is stored for repeated requests.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// The header `ETag`.
    pub etag: String,
    /// The header `Location`.
    pub location: String,
    /// The document.
    pub body: Box<RawValue>,
}

impl StoredAnswer {
    /// Builds the response to the creation of `resource`, represented as `T`.
    pub fn of<T: From<Resource> + Serialize>(resource: &Resource) -> service::Result<Self> {
        let (etag, location) = (resource.etag(), resource.href());
        Ok(Self { etag, location, body: serde_json::value::to_raw_value(&T::from(resource.clone()))? })
    }

    /// Parses a stored response.
    ///
    /// # Errors
    /// A conflict if the response was stored by a version that used another format.
    pub fn parse(text: &str) -> service::Result<Self> {
        let detail = "The response stored for this Idempotency-Key has an unknown format; use another key";
        serde_json::from_str(text).map_err(|_| service::Error::Conflict(detail.into()))
    }

    /// Returns the text to store.
    pub fn text(&self) -> service::Result<String> {
        Ok(serde_json::to_string(self)?)
    }
}

/// Serializes a value into a buffer of `length` bytes. A buffer that is large enough is not copied to grow.
fn serialize<T: Serialize>(value: &T, length: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::with_capacity(length);
    serde_json::to_writer(&mut bytes, value).map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(bytes)
}

impl<T: Type + 'static> Payload for Json<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: 'static> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        // The body owns the document, so the reserved memory is held until the response is sent.
        Response::builder().content_type("application/json").body(Bytes::from_owner(self))
    }
}

/// The response to a read.
#[derive(ApiResponse)]
pub enum Shown<T: Type + Send + 'static> {
    /// The requested document.
    #[oai(status = 200)]
    Json(Json<T>),
}

/// The response to a read of one resource.
#[derive(ApiResponse)]
pub enum Fetched<T: Type + Send + 'static> {
    /// The resource.
    #[oai(status = 200)]
    Resource(
        Json<T>,
        /// The entity tag of this version of the resource.
        #[oai(header = "ETag")]
        String,
        /// The outcome of `wait_for`: `matched`, or `timeout` if the resource did not match before the timeout.
        /// Absent without `wait_for`.
        #[oai(header = "HyperFleet-Waited")]
        Option<String>,
    ),
    /// The resource still has an entity tag that `If-None-Match` names. The response has no body.
    #[oai(status = 304)]
    NotModified(
        /// The entity tag of this version of the resource.
        #[oai(header = "ETag")]
        String,
        /// The outcome of `wait_for`: `matched`, or `timeout` if the resource did not match before the timeout.
        /// Absent without `wait_for`.
        #[oai(header = "HyperFleet-Waited")]
        Option<String>,
    ),
}

/// The response to a create request.
#[derive(ApiResponse)]
pub enum Created<T: Type + Send + 'static> {
    /// The resource was created.
    #[oai(status = 201)]
    Resource(
        Json<T>,
        /// The entity tag of this version of the resource.
        #[oai(header = "ETag")]
        String,
        /// The path of the resource.
        #[oai(header = "Location")]
        String,
    ),
}

/// The response to an update.
#[derive(ApiResponse)]
pub enum Changed<T: Type + Send + 'static> {
    /// The updated resource.
    #[oai(status = 200)]
    Resource(
        Json<T>,
        /// The entity tag of this version of the resource.
        #[oai(header = "ETag")]
        String,
    ),
}

/// The response to a deletion request.
#[derive(ApiResponse)]
pub enum Deleting<T: Type + Send + 'static> {
    /// The resource is marked for deletion, or has been removed if there is no adapter to wait for.
    #[oai(status = 202)]
    Resource(
        Json<T>,
        /// The entity tag of this version of the resource.
        #[oai(header = "ETag")]
        String,
    ),
}

/// The response to a forced deletion.
#[derive(ApiResponse)]
pub enum ForceDeleted {
    /// The resource has been removed; with a cluster, all its node pools.
    #[oai(status = 204)]
    Gone,
}

/// The response to a report.
#[derive(ApiResponse)]
pub enum Reported<T: Type + Send + 'static> {
    /// The report was stored.
    #[oai(status = 201)]
    Stored(Json<T>),
    /// The report was discarded. `HyperFleet-Discard-Reason` contains the reason.
    #[oai(status = 204)]
    Discarded(
        /// The reason: `future_generation` (the resource has not reached the generation of the report),
        /// `older_generation` or `older_report` (the adapter has already reported something newer), or
        /// `unknown_availability` (the adapter no longer knows the availability that it reported before).
        #[oai(header = "HyperFleet-Discard-Reason")]
        String,
    ),
}

/// The response type of an operation that always refuses. The served document omits such an operation.
pub enum Refused {}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {}
    }
}

impl ApiResponse for Refused {
    fn meta() -> MetaResponses {
        MetaResponses { responses: Vec::new() }
    }

    fn register(_: &mut Registry) {}
}

/// Returns the document of a resource and its entity tag.
pub fn versioned<T: From<Resource> + Serialize>(resource: Resource) -> Result<(Json<T>, String), ApiError> {
    let etag = resource.etag();
    Ok((Json::of(&T::from(resource))?, etag))
}
