//! A follower of the log of changes.

use super::log::Follower;
use super::position::{LogId, Offset, Position};
use super::record::{Change, ChangeType};
use crate::context::Context;
use crate::error::Result;
use crate::field::ID;
use crate::kind::Kind;
use crate::list::collection::Collection;
use crate::list::cursor::SortKey;
use crate::list::order::Term;
use crate::memory::PageMemory;
use crate::model::Resource;
use crate::search::filter::Filter;
use crate::store::list::ListSource;
use crate::store::page;
use std::sync::Arc;
use uuid::Uuid;

/// The maximum number of resources of the present state that one query reads, and their approximate maximum size in
/// bytes.
const MAX_PAGE: u64 = 100;
const MAX_PAGE_BYTES: usize = 2 << 20;

/// The resources that a [`Feed`] follows.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The kinds of the resources.
    pub kinds: Vec<Kind>,
    /// Only the resource with this id.
    pub id: Option<Uuid>,
    /// Only the node pools of this cluster.
    pub owner: Option<Uuid>,
    /// Only resources that match.
    pub filter: Option<Filter>,
}

/// Where a [`Feed`] starts.
#[derive(Clone, Debug)]
pub enum Since {
    /// At the present state, followed by later changes.
    Snapshot,
    /// At the changes from now on.
    Now,
    /// At the changes after a position.
    Position(Position),
}

/// A change of a resource, or a resource of the present state, as a follower of a [`Scope`] sees it.
#[derive(Debug)]
pub struct Event {
    /// What happened to the resource within the scope.
    pub r#type: EventType,
    /// The position after the event, from which the follower continues.
    pub position: Position,
    /// The resource.
    pub state: State,
}

/// What happened to a resource within a [`Scope`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// It matches, and did not match or did not exist before.
    Added,
    /// It matches, and matched before.
    Modified,
    /// It no longer matches.
    Unmatched,
    /// It matched and was removed.
    Removed,
}

/// The resource of an event.
#[derive(Debug)]
pub enum State {
    /// The resource in the present state.
    Snapshot(Box<Resource>),
    /// A change, which holds the resource after it. For a removal, the last state of the resource.
    Changed(Arc<Change>),
}

/// A follower of the log within a scope.
pub struct Feed {
    context: Context,
    scope: Scope,
    log: LogId,
    offset: Offset,
    _follower: Follower,
}

impl Feed {
    /// Starts to follow.
    ///
    /// # Errors
    /// [`Error::PositionGone`](crate::Error::PositionGone) if the log does not contain the position, and
    /// [`Error::Unavailable`](crate::Error::Unavailable) while the log is not known yet.
    pub async fn open(context: &Context, scope: Scope, since: Since) -> Result<Self> {
        let follower = context.changes.follow();
        let head = match since {
            // The caller must not receive changes that it already knows.
            Since::Snapshot | Since::Now => context.changes.fresh_head().await?,
            Since::Position(_) => context.changes.head().await?,
        };
        let offset = match since {
            Since::Now => Offset::Change(head.seq),
            Since::Snapshot => scope.offset_after(None, head.seq),
            Since::Position(position) => {
                head.check(&position)?;
                position.offset
            }
        };
        Ok(Self { context: context.clone(), scope, log: head.log, offset, _follower: follower })
    }

    /// The position from which the feed continues.
    pub fn position(&self) -> Position {
        Position { log: self.log.clone(), offset: self.offset }
    }

    /// Whether the feed is still reading the present state.
    pub fn is_snapshot(&self) -> bool {
        matches!(self.offset, Offset::Snapshot { .. })
    }

    /// Whether more is certain to be available.
    pub fn has_more(&self) -> bool {
        match self.offset {
            Offset::Change(at) => self.context.changes.known_head().is_some_and(|head| at < head.seq),
            Offset::Snapshot { .. } => true,
        }
    }

    /// Completes when more may be available.
    pub async fn wait_for_more(&self) {
        if let Offset::Change(seq) = self.offset {
            self.context.changes.wait_beyond(&self.log, seq).await;
        }
    }

    /// Returns the next events, at most `limit`, and advances. The result may be empty although more events are
    /// available. Does not wait.
    ///
    /// # Errors
    /// [`Error::PositionGone`](crate::Error::PositionGone) if the follower has fallen too far behind.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Event>> {
        match self.offset {
            Offset::Snapshot { then, kind, after } => self.snapshot(then, kind, after, limit).await,
            Offset::Change(since) => self.changes(since, limit).await,
        }
    }

    async fn snapshot(&mut self, then: i64, kind: Kind, after: Uuid, limit: usize) -> Result<Vec<Event>> {
        let (db, Scope { id, owner, filter, .. }) = (self.context.db.primary(), &self.scope);
        let size = std::cmp::min(MAX_PAGE, limit as u64);
        let (id, owner, filter) = (*id, *owner, filter.as_ref());
        let list = ListSource { db, kind, collection: Collection::of(kind), id, owner, filter };
        let order = &[Term::ascending(ID)];
        let query = list.page(order, Some(&[SortKey::of(after.into())]), (0, size), None).await?;
        let share = PageMemory::new(MAX_PAGE_BYTES, MAX_PAGE_BYTES).share();
        let rows = page::resources(db, kind, query, &share).await?;
        let mut events = Vec::with_capacity(rows.items.len());
        for resource in rows.items {
            self.offset = Offset::Snapshot { then, kind, after: resource.id };
            let position = self.position();
            events.push(Event {
                r#type: EventType::Added,
                position,
                state: State::Snapshot(Box::new(resource)),
            });
        }
        if rows.next.is_none() {
            self.offset = self.scope.offset_after(Some(kind), then);
        }
        Ok(events)
    }

    async fn changes(&mut self, since: i64, limit: usize) -> Result<Vec<Event>> {
        let (changes, upto) = self.context.changes.after(self.context.db.primary(), &self.log, since).await?;
        let mut events = Vec::new();
        for change in changes {
            if events.len() == limit {
                return Ok(events);
            }
            self.offset = Offset::Change(change.row.seq);
            if let Some(r#type) = self.scope.event_type(&change)? {
                events.push(Event { r#type, position: self.position(), state: State::Changed(change) });
            }
        }
        self.offset = Offset::Change(upto);
        Ok(events)
    }
}

impl Scope {
    /// Whether the scope can contain resources of a kind.
    fn may_hold(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind) && (self.owner.is_none() || kind.parent().is_some())
    }

    /// The offset after the present state of a kind, or the first offset for `None`. After the last kind, the changes
    /// after `then` follow.
    fn offset_after(&self, kind: Option<Kind>, then: i64) -> Offset {
        let next = Kind::ALL.into_iter().find(|next| Some(*next) > kind && self.may_hold(*next));
        next.map_or(Offset::Change(then), |kind| Offset::Snapshot { then, kind, after: Uuid::nil() })
    }

    /// The type of the event that a change causes; `None` if the change does not concern the scope.
    fn event_type(&self, change: &Change) -> Result<Option<EventType>> {
        let known = self.may_hold(change.kind)
            && self.id.is_none_or(|id| id == change.row.resource_id)
            && (self.owner.is_none() || change.row.owner_id == self.owner);
        if !known {
            return Ok(None);
        }
        let removed = change.r#type == ChangeType::Removed;
        let (before, after) = match &self.filter {
            // Without a filter, every existing resource matches, regardless of its contents.
            None => (change.r#type != ChangeType::Created, !removed),
            Some(filter) => {
                let before = change.before()?.map_or(Ok(false), |before| filter.matches(before))?;
                (before, !removed && filter.matches(change.after()?)?)
            }
        };
        Ok(match (before, after) {
            (false, true) => Some(EventType::Added),
            (true, true) => Some(EventType::Modified),
            (true, false) if removed => Some(EventType::Removed),
            (true, false) => Some(EventType::Unmatched),
            (false, false) => None,
        })
    }
}
