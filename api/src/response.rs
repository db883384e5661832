//! The shapes of answers: a document, with the headers that belong to it.

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

/// Bytes that most documents of one resource fit in.
const DOCUMENT: usize = 4096;

/// A JSON document of type `T`, already printed.
///
/// Printing straight from the type takes a tenth of the time of the framework's way through a tree.
#[derive(Debug)]
pub struct Json<T> {
    bytes: Vec<u8>,
    /// What is held for it until it is sent.
    _share: Option<Arc<Share>>,
    shape: PhantomData<fn() -> T>,
}

impl<T: Serialize> Json<T> {
    /// Prints `value`.
    pub fn of(value: &T) -> Result<Self, ApiError> {
        Self::selected(value, None)
    }

    /// Prints what is selected of `value`.
    pub fn selected(value: &T, selection: Option<&Selection>) -> Result<Self, ApiError> {
        let bytes = print(&Selected { item: value, selection }, DOCUMENT)?;
        Ok(Self { bytes, _share: None, shape: PhantomData })
    }
}

impl<T: Serialize> Json<List<T>> {
    /// Prints a list. `length` is about how many bytes its items take; `share` is held for them until the answer is sent.
    pub fn list(list: &List<Selected<'_, T>>, length: usize, share: Arc<Share>) -> Result<Self, ApiError> {
        Ok(Self { bytes: print(list, length + DOCUMENT)?, _share: Some(share), shape: PhantomData })
    }
}

/// An item as it is printed.
#[derive(Debug)]
pub struct Selected<'a, T> {
    /// All of it.
    pub item: T,
    /// What of it is shown; `None` for all.
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
    /// A document that has been printed before.
    pub fn printed(body: Box<RawValue>) -> Self {
        let bytes = Box::<str>::from(body).into_string().into_bytes();
        Self { bytes, _share: None, shape: PhantomData }
    }
}

/// The answer to a create, in the form in which it is stored to be repeated.
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
    /// The answer to the create of `resource`, which is shown as `T`.
    pub fn of<T: From<Resource> + Serialize>(resource: &Resource) -> service::Result<Self> {
        let (etag, location) = (resource.etag(), resource.href());
        Ok(Self { etag, location, body: serde_json::value::to_raw_value(&T::from(resource.clone()))? })
    }

    /// Reads a stored answer.
    ///
    /// # Errors
    /// A conflict if a version that stored answers in another form did so.
    pub fn read(text: &str) -> service::Result<Self> {
        let detail =
            "The answer to this Idempotency-Key cannot be repeated; send the request with another key";
        serde_json::from_str(text).map_err(|_| service::Error::Conflict(detail.into()))
    }

    /// The text that is stored.
    pub fn text(&self) -> service::Result<String> {
        Ok(serde_json::to_string(self)?)
    }
}

/// Prints a value that fits in `length` bytes as a rule: to grow is to copy.
fn print<T: Serialize>(value: &T, length: usize) -> Result<Vec<u8>, ApiError> {
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
        // All of it lives until it is sent.
        Response::builder().content_type("application/json").body(Bytes::from_owner(self))
    }
}

/// A document that was asked for.
#[derive(ApiResponse)]
pub enum Shown<T: Type + Send + 'static> {
    /// The document.
    #[oai(status = 200)]
    Json(Json<T>),
}

/// A resource that was asked for.
#[derive(ApiResponse)]
pub enum Fetched<T: Type + Send + 'static> {
    /// The resource.
    #[oai(status = 200)]
    Resource(
        Json<T>,
        /// Names this version of the resource.
        #[oai(header = "ETag")]
        String,
        /// With `wait_for`: `matched`, or `timeout` if the resource did not match in time.
        #[oai(header = "HyperFleet-Waited")]
        Option<String>,
    ),
    /// The resource is at the version that `If-None-Match` names.
    #[oai(status = 304)]
    NotModified(
        /// Names this version of the resource.
        #[oai(header = "ETag")]
        String,
        /// With `wait_for`: `matched`, or `timeout` if the resource did not match in time.
        #[oai(header = "HyperFleet-Waited")]
        Option<String>,
    ),
}

/// A resource that was created.
#[derive(ApiResponse)]
pub enum Created<T: Type + Send + 'static> {
    /// The resource was created.
    #[oai(status = 201)]
    Resource(
        Json<T>,
        /// Names this version of the resource.
        #[oai(header = "ETag")]
        String,
        /// The path of the resource.
        #[oai(header = "Location")]
        String,
    ),
}

/// A resource that was changed.
#[derive(ApiResponse)]
pub enum Changed<T: Type + Send + 'static> {
    /// The resource as it is now.
    #[oai(status = 200)]
    Resource(
        Json<T>,
        /// Names this version of the resource.
        #[oai(header = "ETag")]
        String,
    ),
}

/// A deletion that was requested.
#[derive(ApiResponse)]
pub enum Deleting<T: Type + Send + 'static> {
    /// The resource is marked for deletion, or already removed if there is no adapter to wait for.
    #[oai(status = 202)]
    Resource(
        Json<T>,
        /// Names this version of the resource.
        #[oai(header = "ETag")]
        String,
    ),
}

/// A deletion that was forced.
#[derive(ApiResponse)]
pub enum ForceDeleted {
    /// The resource and its node pools have been removed.
    #[oai(status = 204)]
    Gone,
}

/// What became of a report.
#[derive(ApiResponse)]
pub enum Reported<T: Type + Send + 'static> {
    /// The report was stored.
    #[oai(status = 201)]
    Stored(Json<T>),
    /// The report was discarded; `HyperFleet-Discard-Reason` tells why.
    #[oai(status = 204)]
    Discarded(
        /// `future_generation`: it is about a generation that the resource has not reached. `older_generation`,
        /// `older_report`: the adapter has reported something newer. `unknown_availability`: the adapter no longer knows
        /// what it reported before.
        #[oai(header = "HyperFleet-Discard-Reason")]
        String,
    ),
}

/// The answer of an operation that only refuses. The served document leaves such an operation out.
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

/// The document of a resource, and its entity tag.
pub fn versioned<T: From<Resource> + Serialize>(resource: Resource) -> Result<(Json<T>, String), ApiError> {
    let etag = resource.etag();
    Ok((Json::of(&T::from(resource))?, etag))
}
