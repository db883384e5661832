use super::{Resource, store};
use crate::{Context, Error, Kind, Result};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

/// A resource as it is now; a node pool must belong to `owner` if one is named.
pub async fn get(context: &Context, kind: Kind, id: Uuid, owner: Option<Uuid>) -> Result<Resource> {
    let found = context.db.find(kind, id).await?;
    belonging(context.db.replica(), found, kind, id, owner).await
}

/// The resource a path names. If it is not there, says which part of the path is not.
pub async fn target(
    db: &impl ConnectionTrait,
    kind: Kind,
    id: Uuid,
    owner: Option<Uuid>,
) -> Result<Resource> {
    let found = store::find(db, kind, id).await?;
    belonging(db, found, kind, id, owner).await
}

async fn belonging(
    db: &impl ConnectionTrait,
    found: Option<Resource>,
    kind: Kind,
    id: Uuid,
    owner: Option<Uuid>,
) -> Result<Resource> {
    if let Some(resource) = found.filter(|found| owner.is_none() || found.owner_id == owner) {
        return Ok(resource);
    }
    match owner {
        Some(owner) if store::find(db, Kind::Cluster, owner).await?.is_none() => {
            Err(Error::NotFound { kind: Kind::Cluster, id: owner.to_string() })
        }
        _ => Err(Error::NotFound { kind, id: id.to_string() }),
    }
}
