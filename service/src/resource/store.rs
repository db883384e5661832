//! Rows of resources. The only file that tells the two entities apart; everything above speaks of a
//! [`Resource`] of a [`Kind`].

use super::{Resource, StoredStatus};
use crate::{Kind, Labels, Result};
use entity::{adapter_status, cluster, label, node_pool};
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{
    CommonTableExpression, Expr, ExprTrait, Func, NullOrdering, OnConflict, Order, Query, UpdateStatement,
    WithClause,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Iterable,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, Set, UpdateMany, Value,
};
use uuid::Uuid;

/// Seconds in one span of `reconciled_bucket`.
pub(crate) const RECONCILED_SPAN: i64 = 600;
/// Rows written by one statement: columns times rows must stay below what an engine can bind.
const CHUNK: usize = 1000;

/// The resource with this id.
pub(crate) async fn find(db: &impl ConnectionTrait, kind: Kind, id: Uuid) -> Result<Option<Resource>> {
    Ok(match kind {
        Kind::Cluster => cluster::Entity::find_by_id(id).one(db).await?.map(Resource::from),
        Kind::NodePool => node_pool::Entity::find_by_id(id).one(db).await?.map(Resource::from),
    })
}

/// The resources with these ids, in no order. PostgreSQL only: its array is one parameter, so that the
/// statement is the same however many ids there are.
pub(crate) async fn find_all(db: &impl ConnectionTrait, kind: Kind, ids: Vec<Uuid>) -> Result<Vec<Resource>> {
    let named = Expr::col("id").eq(PgFunc::any(ids));
    Ok(match kind {
        Kind::Cluster => {
            cluster::Entity::find().filter(named).all(db).await?.into_iter().map(Resource::from).collect()
        }
        Kind::NodePool => {
            node_pool::Entity::find().filter(named).all(db).await?.into_iter().map(Resource::from).collect()
        }
    })
}

/// The resource with this id, locked until the transaction ends.
pub(crate) async fn lock(tx: &impl ConnectionTrait, kind: Kind, id: Uuid) -> Result<Option<Resource>> {
    Ok(match kind {
        Kind::Cluster => cluster::Entity::find_by_id(id).lock_exclusive().one(tx).await?.map(Resource::from),
        Kind::NodePool => {
            node_pool::Entity::find_by_id(id).lock_exclusive().one(tx).await?.map(Resource::from)
        }
    })
}

/// The cluster with this id, held so that it can neither change nor go, while others may hold it too.
pub(crate) async fn share(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<Resource>> {
    Ok(cluster::Entity::find_by_id(id).lock_shared().one(tx).await?.map(Resource::from))
}

/// All node pools of a cluster, locked in the order of their ids.
pub(crate) async fn lock_children(tx: &impl ConnectionTrait, owner: Uuid) -> Result<Vec<Resource>> {
    let children = node_pool::Entity::find()
        .filter(node_pool::Column::OwnerId.eq(owner))
        .order_by_asc(node_pool::Column::Id)
        .lock_exclusive()
        .all(tx)
        .await?;
    Ok(children.into_iter().map(Resource::from).collect())
}

/// Whether a cluster has any node pool.
pub(crate) async fn has_children(tx: &impl ConnectionTrait, owner: Uuid) -> Result<bool> {
    let child = node_pool::Entity::find()
        .select_only()
        .column(node_pool::Column::Id)
        .filter(node_pool::Column::OwnerId.eq(owner))
        .limit(1)
        .into_tuple::<Uuid>()
        .one(tx)
        .await?;
    Ok(child.is_some())
}

/// The id of the live resource that has a name.
pub(crate) async fn named(
    db: &impl ConnectionTrait,
    kind: Kind,
    owner: Option<Uuid>,
    name: &str,
) -> Result<Option<Uuid>> {
    let live = Condition::all().add(Expr::col("name").eq(name)).add(Expr::col("deleted_time").is_null());
    Ok(match kind {
        Kind::Cluster => id_of(cluster::Entity::find().filter(live), db, cluster::Column::Id).await?,
        Kind::NodePool => {
            let siblings =
                node_pool::Entity::find().filter(live).filter(node_pool::Column::OwnerId.eq(owner));
            id_of(siblings, db, node_pool::Column::Id).await?
        }
    })
}

async fn id_of<E: EntityTrait>(
    select: Select<E>,
    db: &impl ConnectionTrait,
    id: impl ColumnTrait,
) -> Result<Option<Uuid>> {
    Ok(select.select_only().column(id).into_tuple::<Uuid>().one(db).await?)
}

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

/// Adds a row.
pub(crate) async fn insert(tx: &impl ConnectionTrait, resource: Resource) -> Result<(), DbErr> {
    match resource.kind {
        Kind::Cluster => {
            let row = cluster::Model::from(resource).into_active_model().reset_all();
            cluster::Entity::insert(row).exec_without_returning(tx).await?;
        }
        Kind::NodePool => {
            let row = node_pool::Model::from(resource).into_active_model().reset_all();
            node_pool::Entity::insert(row).exec_without_returning(tx).await?;
        }
    }
    Ok(())
}

/// Adds a cluster and its labels by one statement, without a transaction around it. PostgreSQL only.
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
/// revision before. Tells whether it was. PostgreSQL only.
pub(crate) async fn update_reported(
    db: &impl ConnectionTrait,
    resource: Resource,
    report: adapter_status::Model,
) -> Result<bool> {
    let unchanged = Expr::col("revision").eq(resource.revision - 1);
    let moved = match resource.kind {
        Kind::Cluster => moved(cluster_status(resource), unchanged),
        Kind::NodePool => moved(node_pool_status(resource), unchanged),
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

fn moved<A>(update: UpdateMany<A>, unchanged: Expr) -> UpdateStatement
where
    A: EntityTrait,
{
    update.filter(unchanged).into_query().returning_col("id").take()
}

/// A newer report takes the place of the adapter's last one.
pub(crate) fn replace_report() -> OnConflict {
    use adapter_status::Column as C;
    OnConflict::columns([C::OwnerId, C::Adapter])
        .update_columns([C::ObservedGeneration, C::Conditions, C::Data, C::Metadata, C::LastReportTime])
        .to_owned()
}

/// Writes all of a row that can change.
pub(crate) async fn update(tx: &impl ConnectionTrait, resource: Resource) -> Result<()> {
    match resource.kind {
        Kind::Cluster => {
            let id = resource.id;
            let row = cluster::Model::from(resource).into_active_model().reset_all();
            let update = cluster::Entity::update_many().set(row).filter(cluster::Column::Id.eq(id));
            update.exec(tx).await?;
        }
        Kind::NodePool => {
            let id = resource.id;
            let row = node_pool::Model::from(resource).into_active_model().reset_all();
            let update = node_pool::Entity::update_many().set(row).filter(node_pool::Column::Id.eq(id));
            update.exec(tx).await?;
        }
    }
    Ok(())
}

/// Writes a row's status and nothing else.
pub(crate) async fn update_status(tx: &impl ConnectionTrait, resource: Resource) -> Result<()> {
    match resource.kind {
        Kind::Cluster => cluster_status(resource).exec(tx).await?,
        Kind::NodePool => node_pool_status(resource).exec(tx).await?,
    };
    Ok(())
}

fn cluster_status(resource: Resource) -> UpdateMany<cluster::Entity> {
    let Resource { id, revision, status, .. } = resource;
    let reconciled_bucket = Set(reconciled_bucket(&status));
    let StoredStatus {
        phase,
        observed_generation,
        updated_time,
        transition_time,
        conditions,
        adapters,
        reconciled,
        reconciled_updated_time,
    } = status;
    let row = cluster::ActiveModel {
        revision: Set(revision),
        phase: Set(phase),
        observed_generation: Set(observed_generation),
        status_updated_time: Set(updated_time),
        status_transition_time: Set(transition_time),
        conditions: Set(conditions),
        adapters: Set(adapters),
        reconciled: Set(reconciled),
        reconciled_updated_time: Set(reconciled_updated_time),
        reconciled_bucket,
        ..Default::default()
    };
    cluster::Entity::update_many().set(row).filter(cluster::Column::Id.eq(id))
}

fn node_pool_status(resource: Resource) -> UpdateMany<node_pool::Entity> {
    let Resource { id, revision, status, .. } = resource;
    let reconciled_bucket = Set(reconciled_bucket(&status));
    let StoredStatus {
        phase,
        observed_generation,
        updated_time,
        transition_time,
        conditions,
        adapters,
        reconciled,
        reconciled_updated_time,
    } = status;
    let row = node_pool::ActiveModel {
        revision: Set(revision),
        phase: Set(phase),
        observed_generation: Set(observed_generation),
        status_updated_time: Set(updated_time),
        status_transition_time: Set(transition_time),
        conditions: Set(conditions),
        adapters: Set(adapters),
        reconciled: Set(reconciled),
        reconciled_updated_time: Set(reconciled_updated_time),
        reconciled_bucket,
        ..Default::default()
    };
    node_pool::Entity::update_many().set(row).filter(node_pool::Column::Id.eq(id))
}

/// Writes many node pools, a thousand by each statement. They must exist: the insert always meets its
/// row, and the database has no other statement that updates many rows, each with values of its own.
pub(crate) async fn update_children(tx: &impl ConnectionTrait, children: Vec<Resource>) -> Result<()> {
    use node_pool::Column as C;
    let changed = [
        C::Generation,
        C::Revision,
        C::Phase,
        C::ObservedGeneration,
        C::StatusUpdatedTime,
        C::StatusTransitionTime,
        C::Conditions,
        C::Adapters,
        C::Reconciled,
        C::ReconciledUpdatedTime,
        C::ReconciledBucket,
        C::UpdatedTime,
        C::DeletedTime,
        C::DeletedBy,
    ];
    let mut rows = children.into_iter().map(node_pool::Model::from).peekable();
    while rows.peek().is_some() {
        let chunk = rows.by_ref().take(CHUNK).map(|row| row.into_active_model().reset_all());
        let existing = OnConflict::column(C::Id).update_columns(changed).to_owned();
        node_pool::Entity::insert_many(chunk).on_conflict(existing).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Removes rows; their labels and reports go with them.
pub(crate) async fn remove(tx: &impl ConnectionTrait, kind: Kind, ids: &[Uuid]) -> Result<()> {
    for ids in ids.chunks(CHUNK) {
        let ids = ids.iter().copied();
        match kind {
            Kind::Cluster => {
                cluster::Entity::delete_many().filter(cluster::Column::Id.is_in(ids)).exec(tx).await?;
            }
            Kind::NodePool => {
                node_pool::Entity::delete_many().filter(node_pool::Column::Id.is_in(ids)).exec(tx).await?;
            }
        }
    }
    Ok(())
}

fn reconciled_bucket(status: &StoredStatus) -> i64 {
    status.reconciled_updated_time.timestamp().div_euclid(RECONCILED_SPAN)
}

impl From<cluster::Model> for Resource {
    fn from(row: cluster::Model) -> Self {
        let cluster::Model {
            id,
            name,
            generation,
            revision,
            spec,
            labels,
            phase,
            observed_generation,
            status_updated_time,
            status_transition_time,
            conditions,
            adapters,
            reconciled,
            reconciled_updated_time,
            created_time,
            updated_time,
            deleted_time,
            created_by,
            updated_by,
            deleted_by,
            reconciled_bucket: _,
        } = row;
        let status = StoredStatus {
            phase,
            observed_generation,
            updated_time: status_updated_time,
            transition_time: status_transition_time,
            conditions,
            adapters,
            reconciled,
            reconciled_updated_time,
        };
        Resource {
            kind: Kind::Cluster,
            id,
            owner_id: None,
            name,
            generation,
            revision,
            spec,
            labels,
            status,
            created_time,
            updated_time,
            deleted_time,
            created_by,
            updated_by,
            deleted_by,
        }
    }
}

impl From<Resource> for cluster::Model {
    fn from(resource: Resource) -> Self {
        let reconciled_bucket = reconciled_bucket(&resource.status);
        let Resource {
            kind: _,
            id,
            owner_id: _,
            name,
            generation,
            revision,
            spec,
            labels,
            status,
            created_time,
            updated_time,
            deleted_time,
            created_by,
            updated_by,
            deleted_by,
        } = resource;
        let StoredStatus {
            phase,
            observed_generation,
            updated_time: status_updated_time,
            transition_time: status_transition_time,
            conditions,
            adapters,
            reconciled,
            reconciled_updated_time,
        } = status;
        Self {
            id,
            name,
            generation,
            revision,
            spec,
            labels,
            phase,
            observed_generation,
            status_updated_time,
            status_transition_time,
            conditions,
            adapters,
            reconciled,
            reconciled_updated_time,
            reconciled_bucket,
            created_time,
            updated_time,
            deleted_time,
            created_by,
            updated_by,
            deleted_by,
        }
    }
}

impl From<node_pool::Model> for Resource {
    fn from(row: node_pool::Model) -> Self {
        let node_pool::Model {
            id,
            owner_id,
            name,
            generation,
            revision,
            spec,
            labels,
            phase,
            observed_generation,
            status_updated_time,
            status_transition_time,
            conditions,
            adapters,
            reconciled,
            reconciled_updated_time,
            created_time,
            updated_time,
            deleted_time,
            created_by,
            updated_by,
            deleted_by,
            reconciled_bucket: _,
        } = row;
        let status = StoredStatus {
            phase,
            observed_generation,
            updated_time: status_updated_time,
            transition_time: status_transition_time,
            conditions,
            adapters,
            reconciled,
            reconciled_updated_time,
        };
        Resource {
            kind: Kind::NodePool,
            id,
            owner_id: Some(owner_id),
            name,
            generation,
            revision,
            spec,
            labels,
            status,
            created_time,
            updated_time,
            deleted_time,
            created_by,
            updated_by,
            deleted_by,
        }
    }
}

impl From<Resource> for node_pool::Model {
    fn from(resource: Resource) -> Self {
        let reconciled_bucket = reconciled_bucket(&resource.status);
        let Resource {
            kind: _,
            id,
            owner_id,
            name,
            generation,
            revision,
            spec,
            labels,
            status,
            created_time,
            updated_time,
            deleted_time,
            created_by,
            updated_by,
            deleted_by,
        } = resource;
        let StoredStatus {
            phase,
            observed_generation,
            updated_time: status_updated_time,
            transition_time: status_transition_time,
            conditions,
            adapters,
            reconciled,
            reconciled_updated_time,
        } = status;
        Self {
            id,
            owner_id: owner_id.unwrap_or_default(),
            name,
            generation,
            revision,
            spec,
            labels,
            phase,
            observed_generation,
            status_updated_time,
            status_transition_time,
            conditions,
            adapters,
            reconciled,
            reconciled_updated_time,
            reconciled_bucket,
            created_time,
            updated_time,
            deleted_time,
            created_by,
            updated_by,
            deleted_by,
        }
    }
}
