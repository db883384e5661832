use super::{Applied, Effect, IfMatch, removal, store};
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
            let effects = vec![Effect::on(&resource, generation_before)];
            return Ok(Applied { resource, effects });
        }
        let now = scope.now();
        resource.mark_deleted(now, &self.caller);
        let (below, has_children) = match self.kind {
            Kind::Cluster => self.cascade(scope, now).await?,
            Kind::NodePool => (Vec::new(), false),
        };
        let reports = status::of_resource(scope.tx, self.id).await?;
        status::refresh(scope, &mut resource, &reports, has_children)?;
        let mut effects = if removal::is_due(scope, &resource, &reports, has_children) {
            removal::remove(scope, &resource, generation_before, parent).await?
        } else {
            store::update(scope.tx, resource.clone()).await?;
            vec![Effect::on(&resource, generation_before)]
        };
        effects.extend(below);
        Ok(Applied { resource, effects })
    }
}

impl Delete {
    /// Marks the node pools for deletion, removes those nobody waits for, and tells what it did and whether any
    /// is left. A bounded number of statements, however many there are.
    async fn cascade(&self, scope: &Scope<'_>, now: DateTime<Utc>) -> Result<(Vec<Effect>, bool)> {
        let children = store::lock_children(scope.tx, self.id).await?;
        if children.is_empty() {
            return Ok((Vec::new(), false));
        }
        let mut reports: HashMap<Uuid, Vec<StoredReport>> = HashMap::new();
        for (child, report) in status::of_children(scope.tx, self.id).await? {
            reports.entry(child).or_default().push(report);
        }
        let (mut gone, mut marked, mut left) = (Vec::new(), Vec::new(), false);
        let mut effects = Vec::new();
        for mut child in children {
            if child.is_finalizing() {
                left = true;
                continue;
            }
            let reports = reports.remove(&child.id).unwrap_or_default();
            let generation_before = child.generation;
            child.mark_deleted(now, &self.caller);
            if removal::is_due(scope, &child, &reports, false) {
                gone.push(child.id);
                effects.push(Effect::removal(&child, generation_before));
            } else {
                status::refresh(scope, &mut child, &reports, false)?;
                effects.push(Effect::on(&child, generation_before));
                marked.push(child);
            }
        }
        left |= !marked.is_empty();
        store::update_children(scope.tx, marked).await?;
        store::remove(scope.tx, Kind::NodePool, &gone).await?;
        Ok((effects, left))
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

impl Write for ForceDelete {
    /// What went.
    type Output = Vec<Effect>;

    async fn run(&self, scope: &Scope<'_>) -> Result<Vec<Effect>> {
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
        let ids: Vec<Uuid> = children.iter().map(|child| child.id).collect();
        store::remove(scope.tx, Kind::NodePool, &ids).await?;
        let mut effects = removal::remove(scope, &resource, resource.generation, parent).await?;
        effects.extend(children.iter().map(|child| Effect::removal(child, child.generation)));
        Ok(effects)
    }
}
