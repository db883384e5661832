//! The last accepted report of each adapter about each resource.

use super::listed::{self, Listed};
use super::page::{self, PageQuery, PageRows};
use super::rows;
use crate::db::Executor;
use crate::error::Result;
use crate::kind::Kind;
use crate::list::cursor::SortKey;
use crate::list::order::Term;
use crate::memory::Share;
use crate::status::report::Report;
use crate::status::report_state::ReportState;
use chrono::{DateTime, Utc};
use entity::adapter_status::{Column, Entity, Model};
use entity::{JsonText, node_pool};
use sea_orm::sea_query::{Expr, OnConflict, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QueryResult, QuerySelect,
};
use std::collections::HashMap;
use uuid::Uuid;

/// The columns that later reports of the same adapter do not change.
const FIXED: [&str; 4] = ["owner_id", "adapter", "owner_type", "created_time"];

/// Reports grouped by resource, each group ordered by adapter.
pub(crate) type ReportsByResource = HashMap<Uuid, Vec<ReportState>>;

/// Returns all reports about a resource, ordered by adapter.
pub(crate) async fn of_resource(db: &Executor, id: Uuid) -> Result<Vec<ReportState>> {
    let mut reports = states(db, Condition::all().add(Column::OwnerId.eq(id))).await?;
    Ok(reports.remove(&id).unwrap_or_default())
}

/// Returns all reports about these resources.
pub(crate) async fn of_resources(db: &Executor, ids: &[Uuid]) -> Result<ReportsByResource> {
    let owned = db.dialect().is_one_of(Expr::col(Column::OwnerId), ids);
    states(db, Condition::all().add(owned)).await
}

/// Returns all reports about the node pools of a cluster.
pub(crate) async fn of_children(db: &Executor, owner: Uuid) -> Result<ReportsByResource> {
    let children: SelectStatement = Query::select()
        .column(node_pool::Column::Id)
        .from(node_pool::Entity)
        .and_where(node_pool::Column::OwnerId.eq(owner))
        .take();
    states(db, Condition::all().add(Column::OwnerId.in_subquery(children))).await
}

/// Reads matching reports without the documents that are only stored, which may be large.
async fn states(db: &Executor, condition: Condition) -> Result<ReportsByResource> {
    type Row = (Uuid, String, i64, JsonText, DateTime<Utc>, DateTime<Utc>);
    let rows: Vec<Row> = Entity::find()
        .select_only()
        .columns([
            Column::OwnerId,
            Column::Adapter,
            Column::ObservedGeneration,
            Column::Conditions,
            Column::CreatedTime,
            Column::LastReportTime,
        ])
        .filter(condition)
        .order_by_asc(Column::Adapter)
        .into_tuple()
        .all(db)
        .await?;
    let mut reports = ReportsByResource::new();
    for (owner, adapter, observed_generation, conditions, created_time, last_report_time) in rows {
        let conditions = conditions.read()?;
        let state = ReportState { adapter, observed_generation, conditions, created_time, last_report_time };
        reports.entry(owner).or_default().push(state);
    }
    Ok(reports)
}

/// Returns matching reports, in order. [`Error::OutOfPageMemory`](crate::Error::OutOfPageMemory) if there is not enough
/// memory for them now.
pub(crate) async fn page(db: &Executor, query: PageQuery<'_>, share: &Share) -> Result<PageRows<Model>> {
    page::read::<Entity>(db, query, share).await
}

impl Listed for Entity {
    type Item = Model;

    fn read(row: &QueryResult) -> Result<Model> {
        Ok(Model::from_query_result(row, "")?)
    }

    fn documents(item: &Model) -> usize {
        let metadata = item.metadata.as_ref().map_or(0, |metadata| metadata.as_str().len());
        listed::length([&item.conditions, &item.data]) + metadata
    }

    fn keys(item: &Model, order: &[Term]) -> Vec<SortKey> {
        listed::keys::<Self>(item, order)
    }
}

/// Inserts reports. Each replaces the last report of the adapter about the same resource.
pub(crate) async fn upsert(tx: &Executor, reports: Vec<Model>) -> Result<()> {
    if reports.is_empty() {
        return Ok(());
    }
    let replaced = rows::columns_but::<Entity>(&FIXED);
    let existing =
        OnConflict::columns([Column::OwnerId, Column::Adapter]).update_columns(replaced).to_owned();
    rows::insert::<Entity>(reports).on_conflict(existing).exec_without_returning(tx).await?;
    Ok(())
}

/// Returns the row of a report about a resource, which is stored as `state`.
pub(crate) fn row(kind: Kind, owner_id: Uuid, report: &Report, state: &ReportState) -> Result<Model> {
    let ReportState { adapter, observed_generation, conditions, created_time, last_report_time } = state;
    Ok(Model {
        owner_id,
        adapter: adapter.clone(),
        owner_type: kind.as_str().to_owned(),
        observed_generation: *observed_generation,
        conditions: JsonText::of(conditions)?,
        data: report.data.clone(),
        metadata: report.metadata.clone(),
        adapter_config_version: report.adapter_config_version.clone(),
        adapter_framework_version: report.adapter_framework_version.clone(),
        created_time: *created_time,
        last_report_time: *last_report_time,
    })
}
