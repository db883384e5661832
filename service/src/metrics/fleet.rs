use crate::status::Condition;
use crate::{Context, Freshness, Kind, Resource, Result};
use chrono::{DateTime, TimeDelta, Utc};
use entity::JsonText;
use metrics::{counter, gauge};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

const STARTED: &str = "hyperfleet_api_reconciliation_started_total";
/// Rows read at a time while counting; bounds the memory that takes.
const CHUNK: u64 = 500;

/// Makes the metrics of the fleet exist.
pub(super) fn register() {
    for kind in [Kind::Cluster, Kind::NodePool] {
        for is_delete in [false, true] {
            started(kind, is_delete).increment(0);
            publish(&Unreconciled::none(kind, is_delete));
        }
    }
}

fn started(kind: Kind, is_delete: bool) -> metrics::Counter {
    counter!(STARTED, "resource_type" => kind.as_str(), "is_delete" => word(is_delete))
}

fn word(holds: bool) -> &'static str {
    if holds { "true" } else { "false" }
}

/// The resources that a write made wait for reconciliation, kept until the write is committed: what is
/// undone has not started.
#[derive(Debug, Default)]
pub(crate) struct Started(Mutex<BTreeMap<Uuid, (Kind, bool)>>);

impl Started {
    /// Notes `resource` if it waits now and did not before.
    pub(crate) fn note(&self, resource: &Resource, reconciled_before: bool) {
        if reconciled_before && !resource.status.reconciled {
            let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            noted.insert(resource.id, (resource.kind, resource.is_finalizing()));
        }
    }

    /// Counts what was noted; for when it is committed.
    pub(crate) fn count(&self) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, is_delete) in std::mem::take(&mut *noted).into_values() {
            started(kind, is_delete).increment(1);
        }
    }
}

/// How many resources of a kind wait for reconciliation.
#[derive(Clone, Debug, PartialEq)]
pub struct Unreconciled {
    /// The kind.
    pub kind: Kind,
    /// Those that are being deleted, or those that are not.
    pub is_delete: bool,
    /// All of them.
    pub pending: u64,
    /// Those that have waited for longer than the threshold.
    pub stuck: u64,
    /// How long the one that is stuck for longest has waited; zero if none is.
    pub stuck_for: TimeDelta,
}

impl Unreconciled {
    fn none(kind: Kind, is_delete: bool) -> Self {
        Self { kind, is_delete, pending: 0, stuck: 0, stuck_for: TimeDelta::zero() }
    }

    fn add(&mut self, waited: TimeDelta, threshold: TimeDelta) {
        self.pending += 1;
        if waited > threshold {
            self.stuck += 1;
            self.stuck_for = self.stuck_for.max(waited);
        }
    }
}

/// Counts what waits for reconciliation: four counts, one for each kind, deleted or not.
///
/// An index leads to the rows that wait, and only those are read, in pieces; what that costs grows with
/// the number of resources that wait, not with the fleet.
pub async fn unreconciled(context: &Context, threshold: TimeDelta) -> Result<Vec<Unreconciled>> {
    let now = context.clock.now();
    let mut counts = Vec::new();
    for kind in [Kind::Cluster, Kind::NodePool] {
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
                count.add(now - row.since()?.unwrap_or(now), threshold);
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

/// Sets the gauges.
pub fn publish(count: &Unreconciled) {
    let Unreconciled { kind, is_delete, pending, stuck, stuck_for } = count;
    let labels =
        [("resource_type", kind.as_str().to_lowercase()), ("is_delete", word(*is_delete).to_owned())];
    let seconds = stuck_for.as_seconds_f64();
    gauge!("hyperfleet_api_resource_pending_reconciliation", &labels).set(*pending as f64);
    gauge!("hyperfleet_api_resource_pending_reconciliation_stuck", &labels).set(*stuck as f64);
    gauge!("hyperfleet_api_resource_pending_reconciliation_stuck_duration_seconds", &labels).set(seconds);
}
