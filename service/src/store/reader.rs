//! The database that reads run on: the primary or a replica. Concurrent reads of single resources are batched into one
//! statement.

use super::resources;
use crate::batch::Batcher;
use crate::db::{Db, Executor};
use crate::error::Result;
use crate::kind::Kind;
use crate::model::Resource;
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

/// The maximum number of concurrent statements. With two, each would answer half as many requests, at twice the cost.
const CONCURRENCY: usize = 1;
/// The maximum number of slow statements that run in addition. A slow answer must not block all other requests.
const SLOW_BATCHES: usize = 1;

/// A database to read from. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reader {
    executor: Executor,
    is_primary: bool,
    finds: Batcher<(Kind, Uuid), Option<Resource>>,
    answer_timeout: Duration,
}

impl Reader {
    /// Creates a reader on the primary of `db`, or on a replica.
    pub(crate) fn new(db: &Db, executor: &Executor, is_primary: bool) -> Self {
        Self {
            executor: executor.clone(),
            is_primary,
            finds: Batcher::with_slow(CONCURRENCY, SLOW_BATCHES, db.acquire_timeout()),
            answer_timeout: db.answer_timeout(),
        }
    }

    /// Whether reads include everything that was committed before them.
    pub(crate) fn is_primary(&self) -> bool {
        self.is_primary
    }

    /// The executor for statements that are not batched.
    pub(crate) fn executor(&self) -> &Executor {
        &self.executor
    }

    /// Returns the resource with this id. The statement that reads it starts after this call.
    pub(crate) async fn find(&self, kind: Kind, id: Uuid) -> Result<Option<Resource>> {
        let (executor, timeout) = (self.executor.clone(), self.answer_timeout);
        let run = move |keys: Vec<(Kind, Uuid)>| {
            let executor = executor.clone();
            async move {
                let found = tokio::time::timeout(timeout, find_all(&executor, keys)).await;
                found.unwrap_or_else(|_| Err(executor.no_answer()))
            }
        };
        self.finds.submit((kind, id), run).await
    }
}

async fn find_all(db: &Executor, keys: Vec<(Kind, Uuid)>) -> Result<Vec<Option<Resource>>> {
    let mut found = HashMap::with_capacity(keys.len());
    for kind in Kind::ALL {
        let ids: Vec<Uuid> = keys.iter().filter(|key| key.0 == kind).map(|key| key.1).collect();
        if !ids.is_empty() {
            let resources = resources::find_all(db, kind, &ids).await?;
            found.extend(resources.into_iter().map(|resource| ((kind, resource.id), resource)));
        }
    }
    Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
}
