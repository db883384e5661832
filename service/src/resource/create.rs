//! Creates resources.

use super::request::{Applied, BatchResult, Create, Created};
use crate::context::{Committed, Context};
use crate::error::{Error, Result};
use crate::gate::Pass;
use crate::id::new_id;
use crate::idempotency::{self, Key};
use crate::kind::Kind;
use crate::model::{Resource, finalizing};
use crate::status::aggregate::{self, Subject, Trigger};
use crate::status::stored_status::StoredStatus;
use crate::store::resources::{self, Wait};
use crate::store::save::save;
use crate::store::write::{Tx, Write};
use chrono::{DateTime, Utc};
use entity::JsonText;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Creates a resource. With an idempotency key, a repeated request returns the stored answer of the first one.
///
/// # Errors
/// [`Error::Invalid`] if the spec does not match its schema, [`Error::NotFound`] if the cluster of a node pool does
/// not exist, [`Error::Conflict`] if that cluster is marked for deletion, [`Error::NameTaken`] with the id of the
/// resource that has the name, [`Error::KeyReused`] and [`Error::KeyInUse`].
pub async fn create(context: &Context, create: Create, key: Option<&Key<'_>>) -> Result<Created> {
    let create = Arc::new(create);
    if let Some(key) = key {
        return create_once(context, &create, key).await;
    }
    check_spec(context, &create)?;
    let run = {
        let context = context.clone();
        move |batch| run_batch(context.clone(), batch)
    };
    let applied = match context.creates.submit(create.clone(), run).await? {
        Some(result) => result?,
        None => run_single(context, &create).await?,
    };
    Ok(Created::New(Box::new(applied)))
}

/// Creates the resources of a batch of requests in one transaction.
async fn run_batch(context: Context, creates: Vec<Arc<Create>>) -> Result<Vec<BatchResult<Applied>>> {
    let (context, creates) = (&context, creates.as_slice());
    match context.write(|tx| async move { insert(context, &tx, creates, Wait::Skip).await }).await {
        Ok(Committed { value, .. }) => Ok(value),
        Err(error @ (Error::Unavailable(_) | Error::Timeout(_))) => Err(error),
        Err(error) if creates.len() == 1 => Err(error),
        // One of the requests may be the cause, so each is handled alone. That includes a lock: another transaction may
        // be inserting one of the names, and the other requests would succeed.
        Err(_) => Ok(creates.iter().map(|_| None).collect()),
    }
}

async fn run_single(context: &Context, create: &Arc<Create>) -> Result<Applied> {
    let _pass = pass_owner(context, create).await?;
    Ok(context.write(|tx| async move { insert_one(context, &tx, create).await }).await?.value)
}

async fn pass_owner(context: &Context, create: &Create) -> Result<Option<Pass>> {
    match create.owner {
        Some(owner) => Ok(Some(context.gate.enter(owner).await?)),
        None => Ok(None),
    }
}

fn check_spec(context: &Context, create: &Create) -> Result<()> {
    let schema = create.kind.spec_schema();
    context.settings.schemas.check(schema, &create.spec).map_err(Error::invalid_fields)
}

async fn create_once(context: &Context, create: &Arc<Create>, key: &Key<'_>) -> Result<Created> {
    let work = |tx: Tx| async move {
        if let Some(answer) = idempotency::claim(&tx, key).await? {
            return Ok(Created::Repeated(answer));
        }
        check_spec(context, create)?;
        let applied = insert_one(context, &tx, create).await?;
        idempotency::complete(&tx, key, &applied.resource).await?;
        Ok(Created::New(Box::new(applied)))
    };
    let _same_key = context.gate.enter(key.gate()).await.map_err(|_| Error::KeyInUse)?;
    let _pass = pass_owner(context, create).await?;
    Ok(context.write(work).await?.value)
}

async fn insert_one(context: &Context, tx: &Tx, create: &Arc<Create>) -> Result<Applied> {
    let result = insert(context, tx, std::slice::from_ref(create), Wait::Yes).await?.pop().flatten();
    result.unwrap_or_else(|| Err(Error::Internal("a create without a result".into())))
}

/// Inserts resources. Returns one result per request, in order; `None` if the cluster could not be locked and may
/// exist.
async fn insert(
    context: &Context,
    tx: &Tx,
    creates: &[Arc<Create>],
    wait: Wait,
) -> Result<Vec<BatchResult<Applied>>> {
    let parents = lock_clusters_shared(tx, creates, wait).await?;
    let now = tx.now();
    let new = |create: &Arc<Create>| match create.owner.map(|owner| (owner, parents.get(&owner))) {
        Some((owner, Some(parent))) if parent.is_finalizing() => Some(Err(finalizing(parent.kind, owner))),
        Some((_, None)) if wait == Wait::Skip => None,
        Some((owner, None)) => {
            let kind = create.kind.parent().unwrap_or(create.kind).as_str();
            Some(Err(Error::NotFound { kind, id: owner.to_string() }))
        }
        _ => Some(resource(context, create, now)),
    };
    let resources: Vec<Option<Result<Resource>>> = creates.iter().map(new).collect();
    let allowed = resources.iter().flatten().flatten().cloned();
    let taken = save(tx, allowed.map(Write::Create).collect()).await?;
    let mut results = Vec::with_capacity(creates.len());
    for (create, resource) in creates.iter().zip(resources) {
        results.push(match resource {
            Some(Ok(resource)) if taken.contains(&resource.id) => Some(Err(name_taken(tx, create).await?)),
            Some(Ok(resource)) => Some(Ok(Applied::of(resource, 0))),
            Some(Err(error)) => Some(Err(error)),
            None => None,
        });
    }
    Ok(results)
}

/// Locks the clusters of node pools in shared mode, so that they do not change.
async fn lock_clusters_shared(
    tx: &Tx,
    creates: &[Arc<Create>],
    wait: Wait,
) -> Result<HashMap<Uuid, Resource>> {
    let owners: Vec<Uuid> = creates.iter().filter_map(|create| create.owner).collect();
    let parents = resources::lock_all_shared(tx, Kind::Cluster, &owners, wait).await?;
    Ok(parents.into_iter().map(|parent| (parent.id, parent)).collect())
}

async fn name_taken(tx: &Tx, create: &Create) -> Result<Error> {
    let name = create.name.as_str();
    let existing = resources::named(tx, create.kind, create.owner, name).await?;
    Ok(Error::NameTaken { kind: create.kind.as_str(), name: name.to_owned(), existing })
}

/// Returns the resource to insert.
fn resource(context: &Context, create: &Create, now: DateTime<Utc>) -> Result<Resource> {
    let subject = Subject {
        generation: 1,
        created_time: now,
        reference_time: now,
        finalizing: false,
        has_children: false,
        required: &context.settings.required[create.kind],
        previous: None,
    };
    Ok(Resource {
        kind: create.kind,
        id: new_id(now),
        owner_id: create.owner,
        name: create.name.as_str().to_owned(),
        generation: 1,
        revision: 1,
        spec: JsonText::of(&create.spec)?,
        labels: JsonText::of(create.labels.as_map())?,
        status: StoredStatus::of(&aggregate::aggregate(&subject, &[], Trigger::Change), &[])?,
        created_time: now,
        updated_time: now,
        deleted_time: None,
        created_by: create.caller.clone(),
        updated_by: create.caller.clone(),
        deleted_by: None,
    })
}
