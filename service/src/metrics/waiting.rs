//! How many resources wait for reconciliation: counted once for all replicas.

use super::fleet::Unreconciled;
use crate::status::Condition;
use crate::{Context, Freshness, Kind, Result, Scope, Write};
use chrono::{DateTime, TimeDelta, Utc};
use entity::JsonText;
use entity::reconciliation_count::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, Set, UpdateMany};
use std::time::{Duration, Instant};
use uuid::Uuid;

const KINDS: [Kind; 2] = [Kind::Cluster, Kind::NodePool];
/// Rows read at a time while counting; bounds the memory that takes.
const CHUNK: u64 = 500;
/// Counting takes at most one part in so many of the time, however many resources there are to count.
const SHARE: u32 = 20;

/// How the resources that wait are counted.
#[derive(Clone, Copy, Debug)]
pub struct Counting {
    /// What has waited for longer is stuck.
    pub threshold: TimeDelta,
    /// How often they are counted.
    pub interval: Duration,
}

impl Counting {
    /// How long one counting may take. Whoever has not finished by then leaves it to another.
    pub const LIMIT: Duration = Duration::from_secs(120);

    /// How long to rest after a counting that took so long.
    pub fn pause(&self, took: Duration) -> Duration {
        self.interval.max(took * (SHARE - 1))
    }
}

/// How many resources wait for reconciliation: four counts, one for each kind, deleted or not.
///
/// Where replicas share a database, one of them counts when it is due, and all take what it has found.
pub async fn unreconciled(context: &Context, counting: Counting) -> Result<Vec<Unreconciled>> {
    if !context.db.dialect().serves_replicas() {
        return counted(context, counting.threshold).await;
    }
    if !claim(context, counting).await? {
        // A few rows, read where they are written: whoever lags behind publishes what is no longer so.
        let kept = Entity::find().all(context.db.primary()).await?;
        return Ok(kept.into_iter().map(Unreconciled::from).collect());
    }
    let started = Instant::now();
    let counts = counted(context, counting.threshold).await;
    let due_time = context.clock.now() + counting.pause(started.elapsed());
    match counts {
        Ok(counts) => {
            context.write(Keep { counts: counts.clone(), due_time }).await?;
            Ok(counts)
        }
        Err(error) => {
            // Others may have more luck, and need not wait for as long as the claim would hold. If it cannot be given
            // back, it lapses.
            let _ = postponed(due_time).exec(context.db.primary()).await;
            Err(error)
        }
    }
}

/// Takes it on to count, if that is due. Of several who try only one succeeds.
async fn claim(context: &Context, counting: Counting) -> Result<bool> {
    let now = context.clock.now();
    // What is due later than any pause lasts was left by somebody whose clock was ahead.
    let longest = counting.interval.max(Counting::LIMIT * SHARE);
    let due = Column::DueTime.lte(now).or(Column::DueTime.gt(now + longest));
    let claimed = postponed(now + Counting::LIMIT).filter(due).exec(context.db.primary()).await?;
    Ok(claimed.rows_affected > 0)
}

/// Makes it due at this time.
fn postponed(due_time: DateTime<Utc>) -> UpdateMany<Entity> {
    Entity::update_many().set(ActiveModel { due_time: Set(due_time), ..Default::default() })
}

/// Leaves the counts for all.
struct Keep {
    counts: Vec<Unreconciled>,
    due_time: DateTime<Utc>,
}

impl Write for Keep {
    type Output = ();

    async fn run(&self, scope: &Scope<'_>) -> Result<()> {
        for Unreconciled { kind, is_delete, pending, stuck, stuck_since } in self.counts.iter().cloned() {
            let count = ActiveModel {
                pending: Set(pending),
                stuck: Set(stuck),
                stuck_since: Set(stuck_since),
                due_time: Set(self.due_time),
                ..Default::default()
            };
            Entity::update_many()
                .set(count)
                .filter(Column::Kind.eq(kind.as_str()))
                .filter(Column::IsDelete.eq(is_delete))
                .exec(scope.tx)
                .await?;
        }
        Ok(())
    }
}

impl From<Model> for Unreconciled {
    fn from(row: Model) -> Self {
        let Model { kind, is_delete, pending, stuck, stuck_since, due_time: _ } = row;
        let kind = if kind == Kind::Cluster.as_str() { Kind::Cluster } else { Kind::NodePool };
        Self { kind, is_delete, pending, stuck, stuck_since }
    }
}

/// Counts. An index leads to the rows that wait, and only those are read, in pieces; what that costs grows with
/// the number of resources that wait, not with the fleet.
async fn counted(context: &Context, threshold: TimeDelta) -> Result<Vec<Unreconciled>> {
    let now = context.clock.now();
    let stuck_before = now.checked_sub_signed(threshold).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let mut counts = Vec::new();
    for kind in KINDS {
        let mut live = Unreconciled::none(kind, false);
        let mut deleted = Unreconciled::none(kind, true);
        let mut last = Uuid::nil();
        loop {
            let rows = {
                let read = |context: Context| async move { waiting(context.db.replica(), kind, last).await };
                context.read(Freshness::MayLag, read).await?
            };
            for row in &rows {
                let count = if row.deleted_time.is_some() { &mut deleted } else { &mut live };
                count.add(row.since()?.unwrap_or(now), stuck_before);
            }
            match rows.last() {
                Some(row) if rows.len() as u64 == CHUNK => last = row.id,
                _ => break,
            }
        }
        counts.extend([live, deleted]);
    }
    Ok(counts)
}

/// What is read of a resource that waits.
#[derive(FromQueryResult)]
struct Waiting {
    id: Uuid,
    deleted_time: Option<DateTime<Utc>>,
    conditions: JsonText,
}

impl Waiting {
    /// Since when it waits.
    fn since(&self) -> Result<Option<DateTime<Utc>>> {
        let conditions: Vec<Condition> = self.conditions.read()?;
        let reconciled = conditions.into_iter().find(|condition| condition.r#type == "Reconciled");
        Ok(reconciled.map(|condition| condition.last_transition_time))
    }
}

/// The next resources that wait, in the order of their ids.
async fn waiting(db: &impl ConnectionTrait, kind: Kind, after: Uuid) -> Result<Vec<Waiting>> {
    let select = Query::select()
        .columns(["id", "deleted_time", "conditions"].map(Alias::new))
        .from(Alias::new(kind.table()))
        .and_where(Expr::col("reconciled").eq(false))
        .and_where(Expr::col("id").gt(after))
        .order_by(Alias::new("id"), Order::Asc)
        .limit(CHUNK)
        .take();
    Ok(Waiting::find_by_statement(db.get_database_backend().build(&select)).all(db).await?)
}
