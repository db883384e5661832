//! Statements that write to two tables, the second using what the first returned. PostgreSQL only.

use super::{insert, replace_report, status_update};
use crate::resource::Resource;
use crate::{Kind, Labels, Result};
use entity::{adapter_status, cluster, label, node_pool};
use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, Func, Query, UpdateStatement, WithClause};
use sea_orm::{
    ActiveModelTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Iterable, QueryFilter,
    QueryTrait, Value,
};

/// Adds a cluster and its labels by one statement, without a transaction around it.
pub(crate) async fn insert_cluster(
    db: &impl ConnectionTrait,
    cluster: Resource,
    labels: &Labels,
) -> Result<(), DbErr> {
    if labels.as_map().is_empty() {
        return insert(db, cluster).await;
    }
    let row = cluster::Model::from(cluster).into_active_model().reset_all();
    let mut made = cluster::Entity::insert(row).into_query();
    made.returning_col(cluster::Column::Id);
    let made = CommonTableExpression::new().table_name("made").query(made).to_owned();
    let (keys, values): (Vec<String>, Vec<String>) = labels.as_map().clone().into_iter().unzip();
    let rows = Query::select()
        .expr(Expr::col(("made", "id")))
        .expr(Expr::val(Kind::Cluster.as_str()))
        .expr(Func::cust("unnest").arg(keys))
        .expr(Func::cust("unnest").arg(values))
        .from("made")
        .take();
    let mut insert = Query::insert();
    use label::Column as C;
    insert.into_table(label::Entity).columns([C::OwnerId, C::OwnerType, C::Key, C::Value]);
    insert.select_from(rows).map_err(|error| DbErr::Custom(error.to_string()))?;
    db.execute(&insert.with(WithClause::new().cte(made).to_owned())).await?;
    Ok(())
}

/// Writes the status of a resource and one report, by one statement, if the resource is still at the
/// revision before. Tells whether it was.
pub(crate) async fn update_reported(
    db: &impl ConnectionTrait,
    resource: Resource,
    report: adapter_status::Model,
) -> Result<bool> {
    let unchanged = Condition::all()
        .add(Expr::col("id").eq(resource.id))
        .add(Expr::col("revision").eq(resource.revision - 1));
    let moved = match resource.kind {
        Kind::Cluster => moved::<cluster::Entity>(resource.into(), unchanged),
        Kind::NodePool => moved::<node_pool::Entity>(resource.into(), unchanged),
    };
    let moved = CommonTableExpression::new().table_name("moved").query(moved).to_owned();
    let row = report.into_active_model().reset_all();
    let mut insert = Query::insert();
    insert.into_table(adapter_status::Entity).columns(adapter_status::Column::iter());
    let mut values = Query::select();
    for column in adapter_status::Column::iter() {
        values.expr(Expr::val(row.get(column).into_value().unwrap_or(Value::String(None))));
    }
    insert.select_from(values.from("moved").take()).map_err(|error| DbErr::Custom(error.to_string()))?;
    insert.on_conflict(replace_report());
    let done = db.execute(&insert.with(WithClause::new().cte(moved).to_owned())).await?;
    Ok(done.rows_affected() > 0)
}

fn moved<E>(row: E::Model, unchanged: Condition) -> UpdateStatement
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    status_update::<E>(row).filter(unchanged).into_query().returning_col("id").take()
}
