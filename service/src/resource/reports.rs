use super::{Target, read};
use crate::context::Context;
use crate::db::Consistency;
use crate::error::Result;
use crate::status::stored::StoredReport;
use crate::store::reports;

/// A page of the reports about one resource.
#[derive(Debug)]
pub struct ReportPage {
    /// How many reports there are, unless that was not asked.
    pub total: Option<i64>,
    /// Those of the page.
    pub items: Vec<StoredReport>,
}

/// Reports about a resource, the newest adapter first. `page` counts from 1.
pub async fn reports(
    context: &Context,
    consistency: Consistency,
    target: &Target,
    (page, size, total): (u64, u64, bool),
) -> Result<ReportPage> {
    let read = |reader| async move {
        let resource = read::find(&reader, target).await?;
        reports::page(reader.executor(), resource.id, (page, size, total)).await
    };
    let (total, items) = context.read(consistency, read).await?;
    Ok(ReportPage { total, items })
}
