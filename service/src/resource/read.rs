use super::{Resource, Target};
use crate::context::Context;
use crate::db::Consistency;
use crate::error::{Error, Result};
use crate::store::reader::Reader;

/// The resource that a path names.
///
/// # Errors
/// [`Error::NotFound`], which tells which part of the path does not exist.
pub async fn get(context: &Context, consistency: Consistency, target: &Target) -> Result<Resource> {
    context.read(consistency, |reader| async move { find(&reader, target).await }).await
}

/// The same, as part of a read.
pub(super) async fn find(reader: &Reader, target: &Target) -> Result<Resource> {
    let found = reader.find(target.kind, target.id).await?;
    if let Some(resource) = found.filter(|found| target.matches(found)) {
        return Ok(resource);
    }
    if let (Some(owner), Some(parent)) = (target.owner, target.kind.parent())
        && reader.find(parent, owner).await?.is_none()
    {
        return Err(Error::NotFound { kind: parent.as_str(), id: owner.to_string() });
    }
    Err(target.not_found())
}
