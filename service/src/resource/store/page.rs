//! Pages of what matches.

use crate::resource::Resource;
use crate::{Kind, Result};
use entity::{cluster, node_pool};
use sea_orm::sea_query::{Expr, ExprTrait, NullOrdering, Order};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select,
};

/// One term of an order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OrderBy {
    /// The column.
    pub column: &'static str,
    /// Its direction.
    pub order: Order,
}

impl OrderBy {
    /// Whether the column may hold nothing.
    pub(crate) fn nullable(&self) -> bool {
        matches!(self.column, "deleted_time" | "deleted_by")
    }

    /// Where nothing stands: it counts as greater than every value, which engines see differently. Left
    /// unsaid for other columns, so that an index gives their order.
    fn nulls(&self) -> Option<NullOrdering> {
        let nulls = if self.order == Order::Desc { NullOrdering::First } else { NullOrdering::Last };
        self.nullable().then_some(nulls)
    }
}

/// A page of what matches.
#[derive(Clone, Debug)]
pub(crate) struct Slice<'a> {
    /// What matches.
    pub condition: Condition,
    /// In which order.
    pub order: &'a [OrderBy],
    /// At most so many.
    pub limit: u64,
    /// After so many.
    pub offset: u64,
}

/// Resources that match, in order.
pub(crate) async fn page(db: &impl ConnectionTrait, kind: Kind, slice: Slice<'_>) -> Result<Vec<Resource>> {
    Ok(match kind {
        Kind::Cluster => rows(slice.of(cluster::Entity::find(), cluster::Column::Id), db).await?,
        Kind::NodePool => rows(slice.of(node_pool::Entity::find(), node_pool::Column::Id), db).await?,
    })
}

/// How PostgreSQL would find the rows of [`page`], a line for each step.
pub(crate) async fn plan(db: &impl ConnectionTrait, kind: Kind, slice: Slice<'_>) -> Result<Vec<String>> {
    let backend = db.get_database_backend();
    let mut statement = match kind {
        Kind::Cluster => slice.of(cluster::Entity::find(), cluster::Column::Id).build(backend),
        Kind::NodePool => slice.of(node_pool::Entity::find(), node_pool::Column::Id).build(backend),
    };
    statement.sql.insert_str(0, "EXPLAIN ");
    let lines = db.query_all_raw(statement).await?;
    Ok(lines.iter().map(|line| line.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

async fn rows<E>(select: Select<E>, db: &impl ConnectionTrait) -> Result<Vec<Resource>>
where
    E: EntityTrait,
    E::Model: Into<Resource>,
{
    Ok(select.all(db).await?.into_iter().map(Into::into).collect())
}

impl Slice<'_> {
    fn of<E: EntityTrait>(self, select: Select<E>, id: E::Column) -> Select<E> {
        let Self { condition, order, limit, offset } = self;
        if offset == 0 {
            return ordered(select.filter(condition), order).limit(limit);
        }
        // Rows are wide and the index is not: what a deep page passes over is counted off in the index alone.
        let passed = ordered(select.clone().select_only().column(id).filter(condition), order);
        let ids = passed.limit(limit).offset(offset).into_query();
        ordered(select.filter(id.in_subquery(ids)), order)
    }
}

fn ordered<E: EntityTrait>(select: Select<E>, order: &[OrderBy]) -> Select<E> {
    order.iter().fold(select, |select, term| match term.nulls() {
        Some(nulls) => select.order_by_with_nulls(Expr::col(term.column), term.order.clone(), nulls),
        None => select.order_by(Expr::col(term.column), term.order.clone()),
    })
}

/// How many match.
pub(crate) async fn count(db: &impl ConnectionTrait, kind: Kind, condition: Condition) -> Result<i64> {
    let count = Expr::col("id").count();
    let count = match kind {
        Kind::Cluster => {
            let select = cluster::Entity::find().filter(condition).select_only();
            select.expr_as(count, "count").into_tuple::<i64>().one(db).await?
        }
        Kind::NodePool => {
            let select = node_pool::Entity::find().filter(condition).select_only();
            select.expr_as(count, "count").into_tuple::<i64>().one(db).await?
        }
    };
    Ok(count.unwrap_or(0))
}
