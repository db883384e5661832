use super::read;
use crate::context::Context;
use crate::db::Consistency;
use crate::error::Result;
use crate::model::Target;
use crate::status::explain::{self, Children, Explanation};
use crate::store::reader::Reader;
use crate::store::{reports, resources};

/// How many children are named.
const SAMPLE: u64 = 10;

/// What a resource waits for.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), which tells which part of the path does not exist.
pub async fn explain(context: &Context, consistency: Consistency, target: &Target) -> Result<Explanation> {
    let read = |reader: Reader| async move {
        // Before the resource, so that no report is of a later generation than the resource.
        let reports = reports::of_resource(reader.executor(), target.id).await?;
        let resource = read::find(&reader, target).await?;
        let mut children = Children::default();
        if resource.is_finalizing() && resource.kind.parent().is_none() {
            (children.waiting, children.sample) =
                resources::count_children(reader.executor(), resource.id, SAMPLE).await?;
        }
        explain::explain(&resource, &context.settings.required[resource.kind], &reports, children)
    };
    context.read(consistency, read).await
}
