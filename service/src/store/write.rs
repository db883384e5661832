//! Writes of resources, and the transaction that executes them.

use crate::change::record::ChangeType;
use crate::clock::Clock;
use crate::db::Executor;
use crate::kind::Kind;
use crate::model::{Resource, ResourceChange};
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use std::ops::Deref;
use std::sync::Arc;

/// A transaction and the writes saved in it.
#[derive(Clone)]
pub(crate) struct Tx {
    executor: Executor,
    clock: Clock,
    /// The writes saved so far.
    pub(super) saved: Arc<Mutex<Saved>>,
}

/// A write of one resource.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    /// The resource is created.
    Create(Resource),
    /// `before` becomes `after`. With the same revision, nothing changes. `by` is the caller, or the adapter that
    /// reported.
    Update { before: Resource, after: Resource, by: String },
    /// The resource is removed. `last` is its last state, which includes what led to its removal.
    Remove { before: Resource, last: Resource, by: String },
}

impl Write {
    /// The current state of the resource, or its last state if it is removed.
    pub(super) fn resource(&self) -> &Resource {
        match self {
            Self::Create(after) | Self::Update { after, .. } => after,
            Self::Remove { last, .. } => last,
        }
    }

    pub(super) fn before(&self) -> Option<&Resource> {
        match self {
            Self::Create(_) => None,
            Self::Update { before, .. } | Self::Remove { before, .. } => Some(before),
        }
    }

    pub(super) fn is_removal(&self) -> bool {
        matches!(self, Self::Remove { .. })
    }

    /// The author of the write: the caller, or the adapter that reported.
    pub(super) fn by(&self) -> &str {
        match self {
            Self::Create(after) => &after.created_by,
            Self::Update { by, .. } | Self::Remove { by, .. } => by,
        }
    }

    /// The type of the change in the log; `None` if the write has no visible effect.
    pub(super) fn change_type(&self) -> Option<ChangeType> {
        match self {
            Self::Create(_) => Some(ChangeType::Created),
            Self::Remove { .. } => Some(ChangeType::Removed),
            Self::Update { before, after, .. } if before.revision == after.revision => None,
            Self::Update { before, after, .. } if before.differs_only_in_status(after) => {
                after.status.differs_in_content(&before.status).then_some(ChangeType::Reported)
            }
            Self::Update { .. } => Some(ChangeType::Updated),
        }
    }

    pub(super) fn change(&self) -> ResourceChange {
        let generation_before = self.before().map_or(0, |before| before.generation);
        ResourceChange::of(self.resource(), generation_before, self.is_removal())
    }

    /// Whether the resource becomes unreconciled by this write. Never true for a removal: a removed resource was
    /// already unreconciled, or stays reconciled.
    pub(super) fn starts_reconciliation(&self) -> bool {
        let was_reconciled = self.before().is_none_or(|before| before.status.reconciled);
        was_reconciled && !self.resource().status.reconciled
    }
}

/// A summary of the writes, without the resources.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    pub(crate) changes: Vec<ResourceChange>,
    /// The kind of each resource that became unreconciled, and whether the resource is marked for deletion.
    pub(crate) started: Vec<(Kind, bool)>,
    /// Whether anything was written to the log of changes.
    pub(crate) has_changes: bool,
}

impl Tx {
    pub(crate) fn new(executor: Executor, clock: Clock) -> Self {
        Self { executor, clock, saved: Arc::default() }
    }

    /// Returns the current time. Times that are written are read after the locks are taken, so that they are in the
    /// order of the writes.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Takes the summary of the writes, for use after the commit.
    pub(crate) fn take_saved(&self) -> Saved {
        std::mem::take(&mut *self.saved.lock())
    }
}

impl Deref for Tx {
    type Target = Executor;

    fn deref(&self) -> &Executor {
        &self.executor
    }
}
