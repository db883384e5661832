//! Explains what a resource is waiting for.

use super::read;
use crate::context::Context;
use crate::db::Consistency;
use crate::error::Result;
use crate::model::Target;
use crate::status::explain::{self, Children, Explanation};
use crate::store::reader::Reader;
use crate::store::{reports, resources};

/// The maximum number of children that are named.
const MAX_SAMPLE: u64 = 10;

/// Explains what a resource waits for.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), which names the part of the path that does not exist.
pub async fn explain(context: &Context, consistency: Consistency, target: &Target) -> Result<Explanation> {
    let read = |reader: Reader| async move {
        // Read before the resource, so that no report has a later generation than the resource.
        let reports = reports::of_resource(reader.executor(), target.id).await?;
        let resource = read::find(&reader, target).await?;
        let mut children = Children::default();
        if resource.is_finalizing() && resource.kind.parent().is_none() {
            (children.waiting, children.sample) =
                resources::count_children(reader.executor(), resource.id, MAX_SAMPLE).await?;
        }
        explain::explain(&resource, &context.settings.required[resource.kind], &reports, children)
    };
    context.read(consistency, read).await
}
