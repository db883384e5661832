//! Reads single resources.

use crate::context::Context;
use crate::db::Consistency;
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::model::{Resource, Target};
use crate::store::reader::Reader;
use uuid::Uuid;

/// Returns the resource that a path names.
///
/// # Errors
/// [`Error::NotFound`], which names the part of the path that does not exist.
pub async fn get(context: &Context, consistency: Consistency, target: &Target) -> Result<Resource> {
    context.read(consistency, |reader| async move { find(&reader, target).await }).await
}

/// Returns the resource that a path names, as part of a read.
pub(super) async fn find(reader: &Reader, target: &Target) -> Result<Resource> {
    let found = reader.find(target.kind, target.id).await?;
    if let Some(resource) = found.filter(|found| target.matches(found)) {
        return Ok(resource);
    }
    check_owner(reader, target.kind, target.owner).await?;
    Err(target.not_found())
}

/// Verifies that the cluster in the path of a node pool exists.
pub(super) async fn check_owner(reader: &Reader, kind: Kind, owner: Option<Uuid>) -> Result<()> {
    let (Some(owner), Some(parent)) = (owner, kind.parent()) else { return Ok(()) };
    match reader.find(parent, owner).await? {
        Some(_) => Ok(()),
        None => Err(Error::NotFound { kind: parent.as_str(), id: owner.to_string() }),
    }
}
