//! Reading and locking resources.

use super::listed::Listed;
use super::row::with_entity;
use crate::db::Executor;
use crate::error::Result;
use crate::kind::Kind;
use crate::model::{Resource, Target};
use entity::node_pool;
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, WindowStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};
use uuid::Uuid;

/// How a lock treats rows that another transaction has locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Waits for them, up to the `lock_timeout` of the session.
    Yes,
    /// Omits them.
    Skip,
}

/// Returns the resources with these ids, in no particular order.
pub(crate) async fn find_all(db: &Executor, kind: Kind, ids: &[Uuid]) -> Result<Vec<Resource>> {
    let dialect = db.dialect();
    Ok(with_entity!(kind, entity => {
        let named = dialect.is_one_of(Expr::col("id"), ids);
        all(db, entity::Entity::find().filter(named)).await?
    }))
}

/// Returns the resource that a path names, locked until the transaction ends.
pub(crate) async fn lock_target(tx: &Executor, target: &Target) -> Result<Resource> {
    let found = lock_all(tx, target.kind, &[target.id], Wait::Yes).await?.pop();
    found.filter(|found| target.matches(found)).ok_or_else(|| target.not_found())
}

/// Returns the resources with these ids, locked in the order of their ids.
pub(crate) async fn lock_all(tx: &Executor, kind: Kind, ids: &[Uuid], wait: Wait) -> Result<Vec<Resource>> {
    lock_as(tx, kind, ids, LockType::Update, wait).await
}

/// Returns the resources with these ids under a shared lock: they can neither change nor be removed, but other
/// transactions may lock them in the same way.
pub(crate) async fn lock_all_shared(
    tx: &Executor,
    kind: Kind,
    ids: &[Uuid],
    wait: Wait,
) -> Result<Vec<Resource>> {
    lock_as(tx, kind, ids, LockType::Share, wait).await
}

async fn lock_as(
    tx: &Executor,
    kind: Kind,
    ids: &[Uuid],
    lock: LockType,
    wait: Wait,
) -> Result<Vec<Resource>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let dialect = tx.dialect();
    Ok(with_entity!(kind, entity => {
        let named = dialect.is_one_of(Expr::col("id"), ids);
        let select = entity::Entity::find().filter(named).order_by_asc(entity::Column::Id);
        let select = match wait {
            Wait::Yes => select.lock(lock),
            Wait::Skip => select.lock_with_behavior(lock, LockBehavior::SkipLocked),
        };
        all(tx, select).await?
    }))
}

/// Returns all node pools of a cluster, locked in the order of their ids.
pub(crate) async fn lock_children(tx: &Executor, owner: Uuid) -> Result<Vec<Resource>> {
    let children = node_pool::Entity::find()
        .filter(node_pool::Column::OwnerId.eq(owner))
        .order_by_asc(node_pool::Column::Id)
        .lock_exclusive();
    all(tx, children).await
}

/// Returns the cluster of a node pool, locked; `None` for a cluster. The row of the node pool must not be locked yet.
pub(crate) async fn lock_cluster_of(tx: &Executor, target: &Target) -> Result<Option<Resource>> {
    let Some(parent) = target.kind.parent() else { return Ok(None) };
    // The owner never changes, so it can be read before any row is locked.
    let child = find_all(tx, target.kind, &[target.id]).await?.pop();
    match child.and_then(|child| child.owner_id) {
        Some(owner) => Ok(lock_all(tx, parent, &[owner], Wait::Yes).await?.pop()),
        None => Ok(None),
    }
}

/// Whether a resource has any children besides `except`. Only clusters can have children.
pub(crate) async fn has_children(tx: &Executor, owner: Uuid, except: Option<Uuid>) -> Result<bool> {
    let child = node_pool::Entity::find()
        .select_only()
        .column(node_pool::Column::Id)
        .filter(node_pool::Column::OwnerId.eq(owner))
        .apply_if(except, |select, except| select.filter(node_pool::Column::Id.ne(except)))
        .limit(1)
        .into_tuple::<Uuid>();
    Ok(child.one(tx).await?.is_some())
}

/// Returns the number of children of a resource, and the first `sample` of their ids in order. Only clusters can have
/// children.
pub(crate) async fn count_children(db: &Executor, owner: Uuid, sample: u64) -> Result<(i64, Vec<Uuid>)> {
    let mut children = node_pool::Entity::find()
        .select_only()
        .column(node_pool::Column::Id)
        .filter(node_pool::Column::OwnerId.eq(owner))
        .order_by_asc(node_pool::Column::Id)
        .limit(sample);
    let all = Expr::col(node_pool::Column::Id).count();
    QuerySelect::query(&mut children).expr_window_as(all, WindowStatement::new(), "count");
    let rows: Vec<(Uuid, i64)> = children.into_tuple().all(db).await?;
    Ok((rows.first().map_or(0, |row| row.1), rows.into_iter().map(|row| row.0).collect()))
}

/// Returns the id of the resource that has this name and is not marked for deletion.
pub(crate) async fn named(
    db: &Executor,
    kind: Kind,
    owner: Option<Uuid>,
    name: &str,
) -> Result<Option<Uuid>> {
    Ok(with_entity!(kind, entity => {
        let select = entity::Entity::find()
            .select_only()
            .column(entity::Column::Id)
            .filter(Expr::col("name").eq(name))
            .filter(Expr::col("deleted_time").is_null())
            .apply_if(owner, |select, owner| select.filter(Expr::col("owner_id").eq(owner)));
        select.into_tuple::<Uuid>().one(db).await?
    }))
}

async fn all<E: Listed<Item = Resource>>(db: &Executor, select: Select<E>) -> Result<Vec<Resource>> {
    let rows = db.query_all_raw(select.build(db.get_database_backend())).await?;
    rows.iter().map(E::read).collect()
}
