use super::{Resource, store};
use crate::idempotency::Claim;
use crate::metrics::{Failure, Started};
use crate::status;
use crate::{Context, Error, Kind, Labels, ResourceName, Result, Scope, Write, new_id};
use entity::{JsonText, label};
use sea_orm::{EntityTrait, IntoActiveModel, SqlErr};
use uuid::Uuid;

/// A resource to be.
#[derive(Clone, Debug)]
pub struct Create {
    /// What it shall be.
    pub kind: Kind,
    /// The cluster a node pool shall belong to.
    pub owner: Option<Uuid>,
    /// Its name, free among its kind and owner.
    pub name: ResourceName,
    /// Its desired state, an object.
    pub spec: JsonText,
    /// Its labels.
    pub labels: Labels,
    /// Who creates it.
    pub caller: String,
    /// The claim under which it is created, if the request is to be repeatable.
    pub claim: Option<Claim>,
}

impl Create {
    /// Creates the resource. A name that is taken is answered with the id of who has it.
    pub async fn perform(self, context: &Context) -> Result<Resource> {
        let (kind, owner, name) = (self.kind, self.owner, self.name.clone());
        let alone = owner.is_none() && self.claim.is_none() && context.db.dialect().chains_writes();
        let created = match alone {
            false => context.write(self).await,
            true => match self.by_one_statement(context).await {
                // In a transaction it is tried until it comes through.
                Err(Error::GaveWay(_)) => context.write(self).await,
                result => result,
            },
        };
        match created {
            Err(Error::NameTaken { .. }) => {
                let name = name.as_str().to_owned();
                let existing = store::named(context.db.primary(), kind, owner, &name).await?;
                Err(Error::NameTaken { kind, name, existing })
            }
            result => result,
        }
    }

    /// Creates a cluster where nothing has to be locked or written besides: one statement is a transaction.
    async fn by_one_statement(&self, context: &Context) -> Result<Resource> {
        let resource = self.resource(context)?;
        let inserted = store::insert_cluster(context.db.primary(), resource.clone(), &self.labels).await;
        inserted.map_err(|error| self.name_taken(error))?;
        let started = Started::default();
        started.note(&resource, true);
        started.count();
        Ok(resource)
    }

    /// The resource as it will be.
    fn resource(&self, context: &Context) -> Result<Resource> {
        let now = context.clock.now();
        Ok(Resource {
            kind: self.kind,
            id: new_id(now),
            owner_id: self.owner,
            name: self.name.as_str().to_owned(),
            generation: 1,
            revision: 1,
            spec: self.spec.clone(),
            labels: JsonText::of(self.labels.as_map())?,
            status: status::initial(&context.settings, self.kind, now)?,
            created_time: now,
            updated_time: now,
            deleted_time: None,
            created_by: self.caller.clone(),
            updated_by: self.caller.clone(),
            deleted_by: None,
        })
    }

    fn name_taken(&self, error: sea_orm::DbErr) -> Error {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => {
                let name = self.name.as_str().to_owned();
                let taken = Error::NameTaken { kind: self.kind, name, existing: None };
                Failure::of(&error).count(&taken);
                taken
            }
            _ => error.into(),
        }
    }
}

impl Write for Create {
    type Output = Resource;

    async fn run(&self, scope: &Scope<'_>) -> Result<Resource> {
        if let Some(owner) = self.owner {
            let parent = store::share(scope.tx, owner).await?;
            let parent =
                parent.ok_or_else(|| Error::NotFound { kind: Kind::Cluster, id: owner.to_string() })?;
            if parent.is_finalizing() {
                return Err(Error::finalizing(Kind::Cluster, owner));
            }
        }
        let resource = self.resource(scope.context)?;
        store::insert(scope.tx, resource.clone()).await.map_err(|error| self.name_taken(error))?;
        // Before it existed, nobody waited for it.
        scope.started.note(&resource, true);
        insert_labels(scope, &resource, &self.labels).await?;
        if let Some(claim) = &self.claim {
            claim.complete(scope, &resource).await?;
        }
        Ok(resource)
    }
}

/// Adds the rows by which labels are searched.
pub(super) async fn insert_labels(scope: &Scope<'_>, resource: &Resource, labels: &Labels) -> Result<()> {
    if labels.as_map().is_empty() {
        return Ok(());
    }
    let rows = labels.as_map().iter().map(|(key, value)| {
        label::Model {
            owner_id: resource.id,
            owner_type: resource.kind.as_str().to_owned(),
            key: key.clone(),
            value: value.clone(),
        }
        .into_active_model()
    });
    label::Entity::insert_many(rows).exec_without_returning(scope.tx).await?;
    Ok(())
}
