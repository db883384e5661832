//! Rows of resources. Here the two entities are told apart; everything above speaks of a [`Resource`] of a [`Kind`].

mod chained;
mod page;
mod row;

pub(crate) use chained::{insert_cluster, update_reported};
pub(crate) use page::{OrderBy, Slice, count, page, plan};

use super::Resource;
use crate::{Kind, Result};
use entity::{adapter_status, cluster, node_pool};
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IdenStatic,
    IntoActiveModel, Iterable, QueryFilter, QueryOrder, QuerySelect, Select, UpdateMany,
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
    let this = Expr::col("id").eq(resource.id);
    match resource.kind {
        Kind::Cluster => status_update::<cluster::Entity>(resource.into()).filter(this).exec(tx).await?,
        Kind::NodePool => status_update::<node_pool::Entity>(resource.into()).filter(this).exec(tx).await?,
    };
    Ok(())
}

/// The columns that a status consists of.
const STATUS: [&str; 10] = [
    "revision",
    "phase",
    "observed_generation",
    "status_updated_time",
    "status_transition_time",
    "conditions",
    "adapters",
    "reconciled",
    "reconciled_updated_time",
    "reconciled_bucket",
];

/// The statement that writes a row's status and nothing else.
fn status_update<E>(row: E::Model) -> UpdateMany<E>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let mut row = row.into_active_model();
    for column in E::Column::iter().filter(|column| STATUS.contains(&column.as_str())) {
        row.reset(column);
    }
    E::update_many().set(row)
}

/// Writes many node pools, a thousand by each statement. They must exist: the insert always meets its row, and is
/// the one way to update many rows, each with values of its own, that the query builder spells alike for both
/// engines.
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
