use super::stored::StoredReport;
use crate::resource;
use crate::{Context, Kind, Result};
use entity::adapter_status::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// A page of the reports about one resource.
#[derive(Debug)]
pub struct StatusPage {
    /// How many reports there are, unless that was not asked.
    pub total: Option<i64>,
    /// Those of the page.
    pub items: Vec<StoredReport>,
}

/// Reports about a resource, the newest adapter first. `page` counts from 1.
pub async fn page(
    context: &Context,
    kind: Kind,
    id: Uuid,
    owner: Option<Uuid>,
    (page, size, total): (u64, u64, bool),
) -> Result<StatusPage> {
    let db = context.db.replica();
    resource::target(db, kind, id, owner).await?;
    let reports = Entity::find().filter(Column::OwnerId.eq(id));
    let total = match total {
        true => Some(reports.clone().count(db).await? as i64),
        false => None,
    };
    let rows = reports
        .order_by_desc(Column::CreatedTime)
        .order_by_asc(Column::Adapter)
        .limit(size)
        .offset((page - 1) * size)
        .all(db)
        .await?;
    let items = rows.into_iter().map(StoredReport::try_from).collect::<Result<_>>()?;
    Ok(StatusPage { total, items })
}
