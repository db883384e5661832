use super::{Applied, IfMatch, removal, store};
use crate::status::{self, StoredReport};
use crate::{Error, Kind, Result, Scope, Write};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use uuid::Uuid;

/// A request that a resource go, and its node pools with it.
#[derive(Clone, Debug)]
pub struct Delete {
    /// What shall go.
    pub kind: Kind,
    /// Which one.
    pub id: Uuid,
    /// The cluster the node pool must belong to, if one was named.
    pub owner: Option<Uuid>,
    /// The version it must be at.
    pub if_match: IfMatch,
    /// Who asks.
    pub caller: String,
}

impl Write for Delete {
    type Output = Applied;

    async fn run(&self, scope: &Scope<'_>) -> Result<Applied> {
        let parent = removal::lock_parent(scope, self.kind, self.id).await?;
        let mut resource = removal::lock_owned(scope, self.kind, self.id, self.owner).await?;
        self.if_match.check(&resource)?;
        let generation_before = resource.generation;
        if resource.is_finalizing() {
            return Ok(Applied { resource, generation_before });
        }
        let now = scope.now();
        resource.mark_deleted(now, &self.caller);
        let has_children = match self.kind {
            Kind::Cluster => self.cascade(scope, now).await?,
            Kind::NodePool => false,
        };
        let reports = status::of_resource(scope.tx, self.id).await?;
        status::refresh(scope, &mut resource, &reports, has_children)?;
        if removal::is_due(scope, &resource, &reports, has_children) {
            removal::remove(scope, resource.clone(), parent).await?;
        } else {
            store::update(scope.tx, resource.clone()).await?;
        }
        Ok(Applied { resource, generation_before })
    }
}

impl Delete {
    /// Marks the node pools for deletion, removes those nobody waits for, and tells whether any is left.
    /// A bounded number of statements, however many there are.
    async fn cascade(&self, scope: &Scope<'_>, now: DateTime<Utc>) -> Result<bool> {
        let children = store::lock_children(scope.tx, self.id).await?;
        if children.is_empty() {
            return Ok(false);
        }
        let mut reports: HashMap<Uuid, Vec<StoredReport>> = HashMap::new();
        for (child, report) in status::of_children(scope.tx, self.id).await? {
            reports.entry(child).or_default().push(report);
        }
        let (mut gone, mut marked, mut left) = (Vec::new(), Vec::new(), false);
        for mut child in children {
            if child.is_finalizing() {
                left = true;
                continue;
            }
            let reports = reports.remove(&child.id).unwrap_or_default();
            child.mark_deleted(now, &self.caller);
            if removal::is_due(scope, &child, &reports, false) {
                gone.push(child.id);
            } else {
                status::refresh(scope, &mut child, &reports, false)?;
                marked.push(child);
            }
        }
        left |= !marked.is_empty();
        store::update_children(scope.tx, marked).await?;
        store::remove(scope.tx, Kind::NodePool, &gone).await?;
        Ok(left)
    }
}

/// A request that a finalizing resource go at once, whoever still waits for it.
#[derive(Clone, Debug)]
pub struct ForceDelete {
    /// What shall go.
    pub kind: Kind,
    /// Which one.
    pub id: Uuid,
    /// The cluster the node pool must belong to, if one was named.
    pub owner: Option<Uuid>,
    /// The version it must be at.
    pub if_match: IfMatch,
}

/// What a forced deletion removed.
#[derive(Clone, Debug)]
pub struct Removed {
    /// The generation the resource had reached.
    pub generation: i64,
    /// The node pools that went with it.
    pub children: Vec<Uuid>,
}

impl Write for ForceDelete {
    type Output = Removed;

    async fn run(&self, scope: &Scope<'_>) -> Result<Removed> {
        let parent = removal::lock_parent(scope, self.kind, self.id).await?;
        let resource = removal::lock_owned(scope, self.kind, self.id, self.owner).await?;
        self.if_match.check(&resource)?;
        if !resource.is_finalizing() {
            return Err(Error::Conflict(format!("{} '{}' is not in Finalizing state", self.kind, self.id)));
        }
        let children = match self.kind {
            Kind::Cluster => store::lock_children(scope.tx, self.id).await?,
            Kind::NodePool => Vec::new(),
        };
        let children: Vec<Uuid> = children.iter().map(|child| child.id).collect();
        store::remove(scope.tx, Kind::NodePool, &children).await?;
        let generation = resource.generation;
        removal::remove(scope, resource, parent).await?;
        Ok(Removed { generation, children })
    }
}
